/* Event streams: their ids, and resuming from them. */
#include "chat_house.h"

#include <string.h>

static struct conn *stream(struct house *h, const char *const *rooms, size_t n, const char *cursors)
{
	struct text texts[8];
	for (size_t i = 0; i < n; i++)
		texts[i] = (struct text){rooms[i], strlen(rooms[i])};
	struct conn *c = fixture_open(&h->f, TRANSPORT_STREAM, h->bob_token);
	session_stream_request(c->session, texts, n, (struct text){cursors, cursors ? strlen(cursors) : 0});
	fixture_run(&h->f, -1);
	return c;
}

/* The id of each event of the stream, in order; returns how many events there were. */
static size_t stream_ids(struct conn *c, char ids[][160], size_t max)
{
	size_t n = 0, n_ids = 0;
	buf_append_byte(&c->stream, 0);
	c->stream.len--;
	for (const char *at = (const char *)c->stream.data; at && *at;) {
		const char *end = strstr(at, "\n\n");
		assert_non_null(end); /* whole events only */
		bool is_event = strncmp(at, "event: ", 7) == 0 || strncmp(at + strcspn(at, "\n"), "\nevent: ", 8) == 0;
		if (!is_event) { /* how the stream begins */
			at = end + 2;
			continue;
		}
		if (strncmp(at, "id: ", 4) == 0) {
			assert_true(n_ids < max);
			snprintf(ids[n_ids++], 160, "%.*s", (int)strcspn(at + 4, "\n"), at + 4);
			at = strchr(at, '\n') + 1;
		}
		assert_int_equal(strncmp(at, "event: ", 7), 0);
		assert_non_null(strstr(at, "\ndata: {\"type\":\""));
		n++;
		at = end + 2;
	}
	return n;
}

static void a_stream_of_one_room_goes_on_from_its_last_id(void **state)
{
	(void)state;
	static char ids[300][160];
	struct house h = {0};
	house_setup(&h, 20);
	house_start(&h);
	const char *rooms[] = {"r1", "r1"};
	uint64_t last = last_seq(&h, 0);
	struct conn *live = stream(&h, rooms, 2, NULL), *all = stream(&h, rooms, 1, "0"), *bad = stream(&h, rooms, 1, "x:y");
	assert_true(live->is_stream_started);
	assert_false(bad->is_stream_started);
	assert_int_equal(bad->last_code, WIRE_INVALID_REQUEST);
	say(h.writer, "{\"type\":\"typing.set\",\"data\":{\"room\":\"r1\"}}");
	send_many(&h, 0, 3);
	fixture_run(&h.f, -1);
	assert_int_equal(stream_ids(live, ids, 300), 4);
	char want[160];
	snprintf(want, sizeof(want), "%s:%d@%s", id_text(room_id_of(&h.f, h.rooms[0])), (int)last + 3, h.f.store->base.epoch);
	assert_string_equal(ids[2], want);
	assert_int_equal(stream_ids(all, ids, 300), last + 4);
	assert_string_equal(ids[last + 2], want);
	struct conn *resumed = stream(&h, rooms, 1, want);
	send_many(&h, 0, 1);
	fixture_run(&h.f, -1);
	assert_int_equal(stream_ids(resumed, ids, 300), 1);
	say(h.writer, "{\"type\":\"room.leave\",\"data\":{\"room\":\"r1\"}}");
	fixture_run(&h.f, -1);
	assert_false(live->is_closing); /* ann left, not bob */
	fixture_finish(&h.f);
}

static void a_stream_goes_on_from_any_of_its_ids(void **state)
{
	(void)state;
	static char ids[600][160];
	struct house h = {0};
	house_setup(&h, 30);
	house_start(&h);
	const char *rooms[] = {"r1", "r2"};
	char cursors[160];
	snprintf(cursors, sizeof(cursors), "%s:4,%s:7", id_text(room_id_of(&h.f, h.rooms[1])), id_text(room_id_of(&h.f, h.rooms[0])));
	struct conn *c = stream(&h, rooms, 2, cursors);
	c->writes_per_turn = 1;
	for (int i = 0; i < 40; i++)
		send_many(&h, i & 1, 1);
	fixture_run(&h.f, -1);
	size_t want = (size_t)(last_seq(&h, 0) - 7 + last_seq(&h, 1) - 4), n = stream_ids(c, ids, 600);
	assert_int_equal(n, want);
	/* Resuming from any id gives exactly what came after it. */
	for (size_t i = 0; i < n; i += 5) {
		static char rest[600][160];
		struct conn *again = stream(&h, rooms, 2, ids[i]);
		assert_int_equal(stream_ids(again, rest, 600), n - 1 - i);
	}
	const char *strange[] = {"r1", "nowhere"};
	struct conn *refused = stream(&h, strange, 2, NULL);
	assert_int_equal(refused->last_code, WIRE_NOT_FOUND);
	fixture_finish(&h.f);
}

/* A cursor beyond the end beside a good one: the ids it leads to can be used. */
static void a_cursor_beyond_the_end_leads_to_ids_that_can_be_used(void **state)
{
	(void)state;
	static char ids[600][160], more[600][160];
	struct house h = {0};
	house_setup(&h, 5);
	house_start(&h);
	const char *rooms[] = {"r1", "r2"};
	char cursors[160];
	snprintf(cursors, sizeof(cursors), "%s:0,%s:9007199254740991", id_text(room_id_of(&h.f, h.rooms[0])),
		 id_text(room_id_of(&h.f, h.rooms[1])));
	struct conn *c = stream(&h, rooms, 2, cursors);
	size_t n = stream_ids(c, ids, 600);
	assert_int_equal(n, 1 + last_seq(&h, 0) + last_seq(&h, 1)); /* room.gap first, then the whole of r2 */
	struct conn *again = stream(&h, rooms, 2, ids[0]);
	assert_int_equal(stream_ids(again, more, 600), n - 2); /* the gap has no id: the first one is of the event behind it */
	fixture_finish(&h.f);
}

static size_t count(const struct conn *c, const char *text)
{
	size_t n = 0;
	for (const char *at = (const char *)c->stream.data; (at = strstr(at, text)); at++)
		n++;
	return n;
}

/* A cursor of another epoch is void for each room it names, also where the stream is cut off before its first event. */
static void a_cursor_of_another_epoch_is_void_for_each_room_it_names(void **state)
{
	(void)state;
	static char ids[600][160];
	struct house h = {0};
	house_setup(&h, 5);
	house_start(&h);
	const char *rooms[] = {"r1", "r2", "r3"};
	char cursors[160], place[160];
	snprintf(cursors, sizeof(cursors), "%s:3,%s:9007199254740991@x", id_text(room_id_of(&h.f, h.rooms[0])),
		 id_text(room_id_of(&h.f, h.rooms[1])));
	struct conn *c = stream(&h, rooms, 3, cursors), *bare = stream(&h, rooms, 1, "3@x");
	snprintf(place, sizeof(place), "3@%s", h.f.store->base.epoch);
	struct conn *same = stream(&h, rooms, 1, place);
	size_t n = stream_ids(c, ids, 600);
	assert_int_equal(n, 2 + last_seq(&h, 0) + last_seq(&h, 1)); /* two gaps, two whole rooms; r3 is live */
	assert_int_equal(count(c, "\"reason\":\"restored\""), 2);
	assert_int_equal(stream_ids(bare, ids, 600), 1 + last_seq(&h, 0));
	assert_int_equal(stream_ids(same, ids, 600), last_seq(&h, 0) - 3);
	/* The id that the stream begins with, before the gaps. */
	const char *first = strstr((const char *)c->stream.data, "id: ");
	assert_non_null(first);
	snprintf(place, sizeof(place), "%.*s", (int)strcspn(first + 4, "\n"), first + 4);
	struct conn *again = stream(&h, rooms, 3, place);
	assert_int_equal(stream_ids(again, ids, 600), n);
	assert_int_equal(count(again, "\"reason\":\"restored\""), 2);
	fixture_finish(&h.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_of_one_room_goes_on_from_its_last_id),
		cmocka_unit_test(a_stream_goes_on_from_any_of_its_ids),
		cmocka_unit_test(a_cursor_beyond_the_end_leads_to_ids_that_can_be_used),
		cmocka_unit_test(a_cursor_of_another_epoch_is_void_for_each_room_it_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
