/* A private room of others is as if it were not there. */
#include "chat_place.h"

#include <string.h>

/* Neither when the answer comes, nor what it takes, nor what is left in memory tells a private room from none. */
static void test_a_private_room_takes_the_way_of_none(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *eve = fixture_signed_in(&p.f, p.eve_token);
	struct uid none = p.f.store->rooms[p.cellar - 1].id;
	none.b[15] ^= 1;
	const char *const there[] = {"cellar", id_text(room_id_of(&p.f, p.cellar))}, *const not_there[] = {"nowhere", id_text(&none)};
	static const char *const commands[] = {"room.get", "room.join", "room.leave", "typing.set"};
	for (int in_memory = 0; in_memory < 2; in_memory++) {
		if (in_memory)
			fixture_signed_in(&p.f, p.ann_token);
		int64_t n_loaded = p.f.metrics.rooms_loaded;
		for (size_t i = 0; i < 16; i++) {
			const char *type = commands[i / 4], *a = i & 1 ? there[i / 2 % 2] : not_there[i / 2 % 2];
			const char *b = i & 1 ? not_there[i / 2 % 2] : there[i / 2 % 2];
			size_t n_reads = p.f.store->n_submitted[STORE_ROOM_FIND];
			json_array_clear(eve->heard);
			say(eve, "{\"ref\":\"a\",\"type\":\"%s\",\"data\":{\"room\":\"%s\"}}", type, a);
			say(eve, "{\"ref\":\"b\",\"type\":\"%s\",\"data\":{\"room\":\"%s\"}}", type, b);
			assert_int_equal(p.f.store->n_submitted[STORE_ROOM_FIND], n_reads + 2);
			fixture_turns(&p.f);
			assert_string_equal(code_of(eve, "a"), "");
			assert_string_equal(code_of(eve, "b"), "");
			fake_store_deliver(p.f.store, fake_store_find(p.f.store, STORE_ROOM_FIND));
			assert_string_equal(code_of(eve, "a"), "not_found");
			assert_string_equal(code_of(eve, "b"), "");
			fake_store_deliver(p.f.store, fake_store_find(p.f.store, STORE_ROOM_FIND));
			assert_string_equal(code_of(eve, "b"), "not_found");
			assert_true(json_equal(data_of(eve, "a"), data_of(eve, "b")));
			fixture_turns(&p.f);
			assert_int_equal(p.f.metrics.rooms_loaded, n_loaded);
		}
	}
	fixture_finish(&p.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_private_room_takes_the_way_of_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
