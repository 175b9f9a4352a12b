/* Signing in and joining: between what the reply says and the first live event nothing is lost and nothing comes twice. */
#include "chat_den.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum cursor_kind { CURSOR_NONE, CURSOR_BEHIND, CURSOR_HEAD, CURSOR_START, CURSOR_KINDS };

static uint64_t cursor_of(enum cursor_kind kind, uint64_t last)
{
	return kind == CURSOR_BEHIND ? last - 5 : kind == CURSOR_START ? 0 : last;
}

/* The steps of a sign-in; a bit of `commits` per step says whether a message is committed there. */
static void join_snapshot_and_live(bool in_memory, unsigned commits, enum cursor_kind kind, const char *on_gap)
{
	struct den d = {0};
	den_setup(&d);
	held_store_add_member(d.f.store, d.room, d.bob);
	held_store_add_messages(d.f.store, d.room, d.ann, 10);
	fixture_start(&d.f);
	d.writer = fixture_signed_in(&d.f, d.ann_token);
	if (in_memory)
		fixture_signed_in(&d.f, d.bob_token); /* another session of bob: he is in memory */
	uint64_t cursor = cursor_of(kind, last_seq(&d));
	struct conn *c = fixture_websocket(&d.f);
	fixture_run(&d.f, -1);
	if (commits & 1) /* before the store is asked */
		commit_one(&d);
	if (kind == CURSOR_NONE)
		say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\"}}", d.bob_token);
	else
		say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"on_gap\":\"%s\",\"resume\":{\"%s\":%d}}}",
		    d.bob_token, on_gap, id_text(room_id_of(&d.f, d.room)), (int)cursor);
	if (commits & 2) /* asked, not yet read */
		commit_one(&d);
	struct store_op *read = held_store_find(d.f.store, STORE_SIGN_IN);
	assert_non_null(read);
	held_store_work(d.f.store, read);
	if (commits & 4) /* read, not yet brought back */
		commit_one(&d);
	if (commits & 8)
		fixture_turn(&d.f);
	held_store_deliver(d.f.store, read);
	if (commits & 16) /* brought back, nothing written yet */
		commit_one(&d);
	if (commits & 32)
		fixture_turn(&d.f);
	fixture_turn(&d.f);
	if (commits & 64)
		commit_one(&d);
	fixture_run(&d.f, -1);
	commit_one(&d);
	fixture_run(&d.f, -1);
	const json_t *room = json_array_get(json_object_get(data_of(c, "s"), "rooms"), 0);
	uint64_t first = kind == CURSOR_NONE ? number_of(room, "last_seq") + 1 : cursor + 1;
	assert_seqs(c, room_id_of(&d.f, d.room), 0, first, last_seq(&d));
	assert_int_equal(heard(c, "room.gap", NULL), 0);
	assert_string_equal(json_string_value(json_object_get(json_array_get(c->heard, 1), "ref")), "s"); /* the reply first */
	fixture_finish(&d.f);
}

static void nothing_is_lost_or_repeated_between_the_reply_and_what_is_live(void **state)
{
	(void)state;
	for (unsigned commits = 0; commits < 128; commits++)
		for (int kind = 0; kind < CURSOR_KINDS; kind++)
			join_snapshot_and_live(commits & 1, commits, (enum cursor_kind)kind, kind == CURSOR_START ? "skip" : "replay");
	for (unsigned commits = 0; commits < 128; commits += 3)
		for (int kind = 0; kind < CURSOR_KINDS; kind++)
			join_snapshot_and_live(!(commits & 1), commits, (enum cursor_kind)kind, "replay");
}

/* ---- joining, creating, leaving ---- */

static void join_at(unsigned commits, bool room_in_memory)
{
	struct den d = {0};
	den_setup(&d);
	held_store_add_messages(d.f.store, d.room, d.ann, 10);
	fixture_start(&d.f);
	if (room_in_memory)
		d.writer = fixture_signed_in(&d.f, d.ann_token);
	struct conn *c = fixture_signed_in(&d.f, d.bob_token), *other = fixture_signed_in(&d.f, d.bob_token);
	if (!room_in_memory)
		commits = 0;
	if (commits & 1)
		commit_one(&d);
	say(c, "{\"type\":\"room.join\",\"ref\":\"j\",\"data\":{\"room\":\"den\"}}");
	struct store_op *find = held_store_find(d.f.store, STORE_ROOM_FIND);
	assert_int_equal(find == NULL, room_in_memory);
	if (find)
		held_store_deliver(d.f.store, find);
	struct store_op *join = held_store_find(d.f.store, STORE_JOIN);
	assert_non_null(join);
	if (commits & 2) { /* submitted after the join: ann's comes second in the log */
		say(d.writer, "{\"type\":\"message.send\",\"data\":{\"room\":\"den\",\"text\":\"x\"}}");
	}
	held_store_work(d.f.store, join);
	if (commits & 4)
		fixture_turn(&d.f);
	held_store_deliver(d.f.store, join);
	if (commits & 2)
		held_store_deliver(d.f.store, held_store_find(d.f.store, STORE_APPEND));
	if (commits & 8)
		commit_one(&d);
	fixture_turn(&d.f);
	if (commits & 16)
		commit_one(&d);
	fixture_run(&d.f, -1);
	const struct uid *room = room_id_of(&d.f, d.room);
	uint64_t joined = number_of(data_of(c, "j"), "last_seq");
	assert_int_equal(number_of(data_of(c, "j"), "unread"), 0);
	assert_int_equal(number_of(data_of(c, "j"), "members"), 2);
	assert_seqs(c, room, 0, joined + 1, last_seq(&d));
	assert_int_equal(heard(c, "room.added", NULL), 0);
	json_t *added = NULL;
	assert_int_equal(heard(other, "room.added", &added), 1);
	assert_int_equal(number_of(json_object_get(added, "data"), "last_seq"), joined);
	assert_seqs(other, room, 0, joined + 1, last_seq(&d));
	size_t at;
	json_t *j;
	json_array_foreach(other->heard, at, j) { /* room.added comes before anything of the room */
		if (j == added)
			break;
		assert_null(json_object_get(j, "room"));
	}
	fixture_finish(&d.f);
}

static void a_join_is_followed_by_what_comes_after_it(void **state)
{
	(void)state;
	for (unsigned commits = 0; commits < 32; commits++)
		join_at(commits, true);
	join_at(0, false);
}

static void a_new_room_is_told_to_other_connections(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	fixture_start(&d.f);
	struct conn *c = fixture_signed_in(&d.f, d.ann_token), *other = fixture_signed_in(&d.f, d.ann_token);
	say(c, "{\"type\":\"room.create\",\"ref\":\"c\",\"data\":{\"name\":\"attic\",\"topic\":\"dust\"}}");
	fixture_run(&d.f, -1);
	json_t *added = NULL, *made = data_of(c, "c");
	const char *id = json_string_value(json_object_get(made, "id"));
	struct uid attic;
	assert_true(uid_parse(id, strlen(id), &attic));
	assert_int_equal(number_of(made, "last_seq"), 2);
	assert_int_equal(number_of(made, "unread"), 0);
	assert_string_equal(json_string_value(json_object_get(made, "role")), "owner");
	assert_int_equal(heard(other, "room.added", &added), 1);
	say(other, "{\"type\":\"message.send\",\"ref\":\"m\",\"data\":{\"room\":\"Attic\",\"text\":\"hi\"}}"); /* names are folded */
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(other, "m"), "ok");
	assert_seqs(c, &attic, 0, 3, 3);
	assert_seqs(other, &attic, 0, 3, 3);
	say(c, "{\"type\":\"room.create\",\"ref\":\"again\",\"data\":{\"name\":\"ATTIC\"}}");
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "again"), "name_taken");
	fixture_finish(&d.f);
}

static void who_leaves_hears_nothing_more(void **state)
{
	(void)state;
	for (unsigned commits = 0; commits < 8; commits++) {
		struct den d = {0};
		den_setup(&d);
		held_store_add_member(d.f.store, d.room, d.bob);
		fixture_start(&d.f);
		d.writer = fixture_signed_in(&d.f, d.ann_token);
		struct conn *c = fixture_signed_in(&d.f, d.bob_token), *other = fixture_signed_in(&d.f, d.bob_token);
		uint64_t first = last_seq(&d) + 1;
		if (commits & 1)
			commit_one(&d);
		fixture_turns(&d.f);
		say(c, "{\"type\":\"room.leave\",\"ref\":\"l\",\"data\":{\"room\":\"den\"}}");
		held_store_deliver(d.f.store, held_store_find(d.f.store, STORE_LEAVE));
		uint64_t left = last_seq(&d);
		assert_int_equal(number_of(data_of(c, "l"), "seq"), left);
		if (commits & 2)
			commit_one(&d);
		fixture_turn(&d.f);
		if (commits & 4)
			commit_one(&d);
		fixture_run(&d.f, -1);
		const struct uid *room = room_id_of(&d.f, d.room);
		assert_seqs(c, room, 0, first, left - 1);
		assert_seqs(other, room, 0, first, left - 1);
		assert_seqs(d.writer, room, 0, first, last_seq(&d));
		assert_int_equal(heard(c, "room.removed", NULL), 0);
		assert_int_equal(heard(other, "room.removed", NULL), 1);
		say(c, "{\"type\":\"message.send\",\"ref\":\"m\",\"data\":{\"room\":\"den\",\"text\":\"x\"}}");
		assert_string_equal(code_of(c, "m"), "forbidden");
		fixture_finish(&d.f);
	}
}

/* What is sent right behind a leave, without waiting for its answer, is no member's any more. */
static void what_is_sent_right_behind_a_leave_is_refused(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	held_store_add_member(d.f.store, d.room, d.bob);
	fixture_start(&d.f);
	struct conn *c = fixture_signed_in(&d.f, d.bob_token);
	say(c, "{\"type\":\"room.leave\",\"ref\":\"l\",\"data\":{\"room\":\"den\"}}");
	say(c, "{\"type\":\"message.send\",\"ref\":\"m\",\"data\":{\"room\":\"den\",\"text\":\"x\"}}");
	say(c, "{\"type\":\"room.join\",\"ref\":\"j\",\"data\":{\"room\":\"den\"}}");
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "l"), "ok");
	assert_string_equal(code_of(c, "m"), "forbidden");
	assert_string_equal(code_of(c, "j"), "ok");
	say(c, "{\"type\":\"message.send\",\"ref\":\"m2\",\"data\":{\"room\":\"den\",\"text\":\"x\"}}");
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "m2"), "ok");
	assert_seqs(c, room_id_of(&d.f, d.room), 0, last_seq(&d), last_seq(&d));
	d.f.store->fault = -EAGAIN; /* a leave that fails leaves everything as it was */
	say(c, "{\"type\":\"room.leave\",\"ref\":\"l2\",\"data\":{\"room\":\"den\"}}");
	fixture_run(&d.f, -1);
	d.f.store->fault = 0;
	assert_string_equal(code_of(c, "l2"), "unavailable");
	say(c, "{\"type\":\"message.send\",\"ref\":\"m3\",\"data\":{\"room\":\"den\",\"text\":\"x\"}}");
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "m3"), "ok");
	fixture_finish(&d.f);
}

/* ---- who is in memory ---- */

/* After the snapshot of his sign-in, bob came into memory, joined a room and left memory: the snapshot is read again. */
static void a_snapshot_that_is_too_old_is_read_again(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	fixture_start(&d.f);
	struct conn *late = fixture_websocket(&d.f);
	say(late, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\"}}", d.bob_token);
	struct store_op *read = held_store_find(d.f.store, STORE_SIGN_IN);
	held_store_work(d.f.store, read); /* bob is in no room */
	struct conn *c = fixture_websocket(&d.f);
	say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\"}}", d.bob_token);
	struct store_op *second = list_entry(d.f.store->submitted.next, struct store_op, link);
	held_store_deliver(d.f.store, second);
	say(c, "{\"type\":\"room.join\",\"ref\":\"j\",\"data\":{\"room\":\"den\"}}");
	fixture_run(&d.f, STORE_SIGN_IN);
	assert_string_equal(code_of(c, "j"), "ok");
	fake_conn_close_session(c);
	list_for_each(it, &d.f.chat->idle_users) {
		list_entry(it, struct user, in_idle)->idle_since_ms = 0;
	}
	d.f.chat->rooms.config.room_idle_ms = 1;
	fixture_pass_ms(&d.f, 3000); /* the housekeeping's time comes */
	assert_int_equal(d.f.metrics.users_loaded, 0);
	held_store_deliver(d.f.store, read);
	fixture_run(&d.f, -1);
	assert_int_equal(json_array_size(json_object_get(data_of(late, "s"), "rooms")), 1);
	assert_int_equal(d.f.store->n_submitted[STORE_SIGN_IN], 3);
	fixture_finish(&d.f);
}

/* As long as it is used within STORE_TOKEN_DAYS; the days are counted by the store's clock. */
static void a_token_is_good_for_days(void **state)
{
	(void)state;
	static const uint64_t DAY_NS = (uint64_t)24 * 60 * 60 * 1000000000;
	struct den d = {0};
	den_setup(&d);
	fixture_start(&d.f);
	fake_clock_advance_ns(DAY_NS * STORE_TOKEN_DAYS);
	fixture_signed_in(&d.f, d.bob_token);
	fake_clock_advance_ns(DAY_NS);
	struct conn *c = fixture_websocket(&d.f);
	say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\"}}", d.ann_token);
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "s"), "invalid_token");
	fixture_finish(&d.f);
}

static void a_connection_may_close_with_everything_in_flight(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	held_store_add_member(d.f.store, d.room, d.bob);
	fixture_start(&d.f);
	struct conn *c = fixture_signed_in(&d.f, d.bob_token), *half = fixture_websocket(&d.f), *guest = fixture_websocket(&d.f);
	say(c, "{\"type\":\"message.send\",\"data\":{\"room\":\"den\",\"text\":\"x\"}}");
	say(c, "{\"type\":\"history.read\",\"data\":{\"room\":\"den\"}}");
	say(c, "{\"type\":\"room.create\",\"data\":{\"name\":\"attic\"}}");
	say(c, "{\"type\":\"room.list\"}");
	say(c, "{\"type\":\"room.members\",\"data\":{\"room\":\"den\"}}");
	say(c, "{\"type\":\"room.get\",\"data\":{\"room\":\"nowhere\"}}");
	say(c, "{\"type\":\"read.mark\",\"data\":{\"room\":\"den\",\"seq\":4000}}");
	say(c, "{\"type\":\"room.update\",\"data\":{\"room\":\"den\",\"topic\":\"t\"}}");
	say(c, "{\"type\":\"bot.create\",\"data\":{\"name\":\"robot\"}}");
	say(c, "{\"type\":\"room.leave\",\"data\":{\"room\":\"den\"}}");
	say(c, "{\"type\":\"account.logout\"}");
	say(half, "{\"type\":\"session.start\",\"data\":{\"token\":\"%s\"}}", d.bob_token);
	say(guest, "{\"type\":\"session.start\",\"data\":{\"guest\":\"visitor\"}}");
	assert_int_equal(held_store_in_flight(d.f.store), 12); /* bob does not own the den: room.update was refused */
	fake_conn_close_session(c);
	fake_conn_close_session(half);
	fake_conn_close_session(guest);
	fixture_run(&d.f, -1);
	assert_int_equal(chat_pending(d.f.chat), 0);
	fixture_finish(&d.f);
}

static void who_cannot_sign_in_is_told_why_and_may_try_again(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	fixture_start(&d.f);
	struct conn *c = fixture_websocket(&d.f);
	say(c, "{\"type\":\"room.list\",\"ref\":\"early\"}");
	assert_string_equal(code_of(c, "early"), "unauthenticated");
	say(c, "{\"type\":\"session.start\",\"ref\":\"none\"}");
	assert_string_equal(code_of(c, "none"), "unauthenticated");
	say(c, "{\"type\":\"session.start\",\"ref\":\"both\",\"data\":{\"token\":\"x\",\"guest\":\"y\"}}");
	assert_string_equal(code_of(c, "both"), "invalid_request");
	say(c, "{\"type\":\"session.start\",\"ref\":\"bad\",\"data\":{\"token\":\"nonsense\"}}");
	say(c, "{\"type\":\"session.start\",\"ref\":\"while\",\"data\":{\"token\":\"%s\"}}", d.bob_token);
	assert_string_equal(code_of(c, "while"), "already_started");
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "bad"), "invalid_token");
	d.f.store->refuses = -EBUSY;
	say(c, "{\"type\":\"session.start\",\"ref\":\"busy\",\"data\":{\"token\":\"%s\"}}", d.bob_token);
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "busy"), "unavailable");
	d.f.store->refuses = 0;
	say(c, "{\"type\":\"session.start\",\"ref\":\"good\",\"data\":{\"guest\":\"visitor\"}}");
	say(c, "{\"type\":\"session.start\",\"ref\":\"twice\",\"data\":{\"guest\":\"visitor\"}}");
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "good"), "ok");
	assert_string_equal(code_of(c, "twice"), "already_started");
	assert_true(session_signed_in(c->session));
	fixture_finish(&d.f);
}

static uint64_t count(const struct den *d, const char *table)
{
	return memory_store_number(d->f.store->real, "SELECT count(*) FROM %s", table);
}

/* Two session.start without waiting between them make one guest. One that failed can be tried again. */
static void a_connection_makes_one_guest(void **state)
{
	(void)state;
	struct den d = {0};
	den_setup(&d);
	fixture_start(&d.f);
	struct conn *c = fixture_websocket(&d.f);
	uint64_t n_users = count(&d, "account"), n_tokens = count(&d, "token");
	d.f.store->refuses = -EBUSY;
	say(c, "{\"type\":\"session.start\",\"ref\":\"busy\",\"data\":{\"guest\":\"visitor\"}}");
	assert_string_equal(code_of(c, "busy"), "unavailable");
	d.f.store->refuses = 0;
	say(c, "{\"type\":\"session.start\",\"ref\":\"taken\",\"data\":{\"guest\":\"ann\"}}");
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "taken"), "name_taken");
	say(c, "{\"type\":\"session.start\",\"ref\":\"first\",\"data\":{\"guest\":\"visitor\"}}");
	say(c, "{\"type\":\"session.start\",\"ref\":\"second\",\"data\":{\"guest\":\"visitor\"}}");
	say(c, "{\"type\":\"session.start\",\"ref\":\"third\",\"data\":{\"token\":\"%s\"}}", d.bob_token);
	fixture_run(&d.f, -1);
	assert_string_equal(code_of(c, "first"), "ok");
	assert_string_equal(code_of(c, "second"), "already_started");
	assert_string_equal(code_of(c, "third"), "already_started");
	assert_int_equal(count(&d, "account"), n_users + 1);
	assert_int_equal(count(&d, "token"), n_tokens + 1);
	fixture_finish(&d.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_or_repeated_between_the_reply_and_what_is_live),
		cmocka_unit_test(a_connection_makes_one_guest),
		cmocka_unit_test(a_join_is_followed_by_what_comes_after_it),
		cmocka_unit_test(a_new_room_is_told_to_other_connections),
		cmocka_unit_test(who_leaves_hears_nothing_more),
		cmocka_unit_test(what_is_sent_right_behind_a_leave_is_refused),
		cmocka_unit_test(a_snapshot_that_is_too_old_is_read_again),
		cmocka_unit_test(a_token_is_good_for_days),
		cmocka_unit_test(a_connection_may_close_with_everything_in_flight),
		cmocka_unit_test(who_cannot_sign_in_is_told_why_and_may_try_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
