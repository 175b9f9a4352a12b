/* Cursors that cannot be served: room.gap and the newest page. */
#include "chat_den.h"

#include <string.h>

static struct conn *resume(struct den *d, const char *cursor, const char *on_gap)
{
	struct conn *c = fixture_websocket(&d->f);
	say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"on_gap\":\"%s\",\"resume\":{\"%s\":%s}}}",
	    d->bob_token, on_gap, id_text(room_id_of(&d->f, d->room)), cursor);
	return c;
}

static void assert_gap(const struct conn *c, const char *reason, uint64_t from, uint64_t to)
{
	json_t *gap = NULL;
	assert_int_equal(heard(c, "room.gap", &gap), 1);
	const json_t *data = json_object_get(gap, "data");
	assert_string_equal(json_string_value(json_object_get(data, "reason")), reason);
	assert_int_equal(number_of(data, "from"), from);
	assert_int_equal(number_of(data, "to"), to);
	assert_null(json_object_get(gap, "seq"));
}

static void a_cursor_that_cannot_be_served_leads_to_a_gap_and_the_newest_page(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	d.f.config.limits.resume_events = 500;
	held_store_add_member(d.f.store, d.room, d.bob);
	held_store_add_messages(d.f.store, d.room, d.ann, 1000);
	fixture_start(&d.f);
	d.writer = fixture_signed_in(&d.f, d.ann_token);
	const struct uid *room = room_id_of(&d.f, d.room);
	uint64_t last = last_seq(&d);
	struct conn *skip = resume(&d, "700", "skip"), *far = resume(&d, "100", "replay"), *near = resume(&d, "700", "replay");
	struct conn *beyond = resume(&d, "5000", "replay"), *huge = resume(&d, "9007199254740991", "skip");
	fixture_run(&d.f, -1);
	assert_gap(skip, "skipped", 701, last - 50);
	assert_seqs(skip, room, 0, last - 49, last);
	assert_gap(far, "too_far", 101, last - 50);
	assert_seqs(far, room, 0, last - 49, last);
	assert_seqs(near, room, 0, 701, last);
	assert_gap(beyond, "beyond_end", 1, last - 50);
	assert_seqs(beyond, room, 0, last - 49, last);
	assert_gap(huge, "restored", 1, last - 50); /* what a void cursor is told as */
	for (int i = 0; i < 5; i++)
		commit_one(&d);
	fixture_run(&d.f, -1);
	assert_seqs(skip, room, 0, last - 49, last + 5);
	assert_seqs(huge, room, 0, last - 49, last + 5);
	fixture_finish(&d.f);
}

static struct conn *resume_in(struct den *d, const char *epoch, uint64_t cursor, const char *on_gap)
{
	struct conn *c = fixture_websocket(&d->f);
	say(c,
	    "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"epoch\":\"%s\",\"on_gap\":\"%s\",\"resume\":{\"%s\":%d}}}",
	    d->bob_token, epoch, on_gap, id_text(room_id_of(&d->f, d->room)), (int)cursor);
	return c;
}

/* A cursor of another epoch is void wherever it points to; one of this epoch, or of none, is what it was. */
static void a_cursor_of_another_epoch_is_void(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	held_store_add_member(d.f.store, d.room, d.bob);
	held_store_add_messages(d.f.store, d.room, d.ann, 100);
	fixture_start(&d.f);
	d.writer = fixture_signed_in(&d.f, d.ann_token);
	const struct uid *room = room_id_of(&d.f, d.room);
	uint64_t last = last_seq(&d), cursors[] = {0, 90, last - 1, last, last + 1000};
	struct conn *same = resume_in(&d, d.f.store->base.epoch, 90, "replay"), *other[10], *live = fixture_websocket(&d.f);
	for (size_t i = 0; i < 10; i++)
		other[i] = resume_in(&d, i % 2 ? "00000000e002" : "x", cursors[i / 2], i % 2 ? "replay" : "skip");
	say(live, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"epoch\":\"x\",\"resume\":{}}}", d.bob_token);
	fixture_run(&d.f, -1);
	commit_one(&d);
	fixture_run(&d.f, -1);
	assert_string_equal(json_string_value(json_object_get(data_of(same, "s"), "epoch")), d.f.store->base.epoch);
	assert_seqs(same, room, 0, 91, last + 1);
	assert_int_equal(heard(same, "room.gap", NULL), 0);
	assert_seqs(live, room, 0, last + 1, last + 1); /* no cursor, nothing void */
	assert_int_equal(heard(live, "room.gap", NULL), 0);
	for (size_t i = 0; i < 10; i++) {
		assert_gap(other[i], "restored", 1, last - 50);
		assert_seqs(other[i], room, 0, last - 49, last + 1);
	}
	fixture_finish(&d.f);
}

/* The room grows past the cursor before the reader is served: the cursor stays void. */
static void a_cursor_beyond_the_end_is_void_though_the_room_grows_past_it(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	held_store_add_member(d.f.store, d.room, d.bob);
	fixture_start(&d.f);
	d.writer = fixture_signed_in(&d.f, d.ann_token);
	uint64_t last = last_seq(&d);
	struct conn *c = fixture_websocket(&d.f);
	say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"resume\":{\"%s\":%d}}}", d.bob_token,
	    id_text(room_id_of(&d.f, d.room)), (int)last + 2);
	held_store_deliver(d.f.store, held_store_find(d.f.store, STORE_SIGN_IN));
	for (int i = 0; i < 4; i++)
		commit_one(&d);
	fixture_run(&d.f, -1);
	assert_int_equal(heard(c, "room.gap", NULL), 1);
	assert_seqs(c, room_id_of(&d.f, d.room), 0, 1, last + 4);
	fixture_finish(&d.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cursor_that_cannot_be_served_leads_to_a_gap_and_the_newest_page),
		cmocka_unit_test(a_cursor_of_another_epoch_is_void),
		cmocka_unit_test(a_cursor_beyond_the_end_is_void_though_the_room_grows_past_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
