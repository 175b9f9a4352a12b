/* A private room of others does not show. */
#include "chat_place.h"

#include <string.h>

/* The time of the answer, its cost and what is left in memory are the same for a private room and for none. */
static void a_private_room_takes_the_way_of_none(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *eve = fixture_signed_in(&p.f, p.eve_token);
	struct uid none = *room_id_of(&p.f, p.cellar);
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
			held_store_deliver(p.f.store, held_store_find(p.f.store, STORE_ROOM_FIND));
			assert_string_equal(code_of(eve, "a"), "not_found");
			assert_string_equal(code_of(eve, "b"), "");
			held_store_deliver(p.f.store, held_store_find(p.f.store, STORE_ROOM_FIND));
			assert_string_equal(code_of(eve, "b"), "not_found");
			assert_true(json_equal(data_of(eve, "a"), data_of(eve, "b")));
			fixture_turns(&p.f);
			assert_int_equal(p.f.metrics.rooms_loaded, n_loaded);
		}
	}
	fixture_finish(&p.f);
}

static const char *id_of_reply(struct conn *c, const char *ref)
{
	return json_string_value(json_object_get(data_of(c, ref), "id"));
}

/* A name means the private room to its members, and the public one to all others. */
static void a_name_means_ones_own_private_room_first(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *ann = fixture_signed_in(&p.f, p.ann_token), *eve = fixture_signed_in(&p.f, p.eve_token);
	ask(&p, eve, "{\"ref\":\"c\",\"type\":\"room.create\",\"data\":{\"name\":\"cellar\"}}");
	assert_string_equal(code_of(eve, "c"), "ok"); /* ann's does not show */
	ask(&p, ann, "{\"ref\":\"j\",\"type\":\"room.join\",\"data\":{\"room\":\"cellar\"}}");
	assert_string_equal(id_of_reply(ann, "j"), id_text(room_id_of(&p.f, p.cellar))); /* she is in it already */
	say(ann, "{\"ref\":\"k\",\"type\":\"room.join\",\"data\":{\"room\":\"%s\"}}", id_of_reply(eve, "c"));
	fixture_run(&p.f, -1);
	assert_string_equal(id_of_reply(ann, "k"), id_of_reply(eve, "c"));
	ask(&p, ann, "{\"ref\":\"m\",\"type\":\"message.send\",\"data\":{\"room\":\"cellar\",\"text\":\"secret\"}}");
	assert_string_equal(json_string_value(json_object_get(data_of(ann, "m"), "room")), id_text(room_id_of(&p.f, p.cellar)));
	assert_int_equal(heard(eve, "message.created", NULL), 0);
	/* While she leaves it, nothing that is meant for it goes to another room. */
	say(ann, "{\"ref\":\"l\",\"type\":\"room.leave\",\"data\":{\"room\":\"cellar\"}}");
	say(ann, "{\"ref\":\"late\",\"type\":\"message.send\",\"data\":{\"room\":\"cellar\",\"text\":\"secret\"}}");
	fixture_run(&p.f, -1);
	assert_string_equal(code_of(ann, "late"), "not_found");
	assert_int_equal(heard(eve, "message.created", NULL), 0);
	ask(&p, ann, "{\"ref\":\"n\",\"type\":\"message.send\",\"data\":{\"room\":\"cellar\",\"text\":\"open\"}}");
	assert_int_equal(heard(eve, "message.created", NULL), 1);
	fixture_finish(&p.f);
}

static void a_private_room_is_found_by_its_new_name(void **state)
{
	(void)state;
	struct place p = {0};
	place_setup(&p);
	fixture_start(&p.f);
	struct conn *ann = fixture_signed_in(&p.f, p.ann_token);
	ask(&p, ann, "{\"ref\":\"u\",\"type\":\"room.update\",\"data\":{\"room\":\"cellar\",\"name\":\"vault\"}}");
	ask(&p, ann, "{\"ref\":\"new\",\"type\":\"room.get\",\"data\":{\"room\":\"Vault\"}}");
	ask(&p, ann, "{\"ref\":\"old\",\"type\":\"room.get\",\"data\":{\"room\":\"cellar\"}}");
	assert_string_equal(code_of(ann, "new"), "ok");
	assert_string_equal(code_of(ann, "old"), "not_found");
	fixture_finish(&p.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_private_room_takes_the_way_of_none),
		cmocka_unit_test(a_name_means_ones_own_private_room_first),
		cmocka_unit_test(a_private_room_is_found_by_its_new_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
