/* What concerns one account is told to all of its sessions: when there is anything to tell, in order, and a few at a time. */
#include "chat/user_news.h"
#include "chat_house.h"

#include <string.h>

static void ask(struct house *h, struct conn *c, const char *frame)
{
	say(c, "%s", frame);
	fixture_run(&h->f, -1);
}

static void what_changes_nothing_is_told_to_nobody(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 0);
	held_store_add_messages(h.f.store, h.rooms[0], h.bob, 4); /* seqs 4 to 7 */
	house_start(&h);
	struct conn *ann = h.writer, *too = fixture_signed_in(&h.f, h.ann_token);
	const size_t *n_submitted = h.f.store->n_submitted;
	size_t n_joins = n_submitted[STORE_JOIN];
	ask(&h, ann, "{\"ref\":\"m\",\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":5}}");
	ask(&h, ann, "{\"ref\":\"t\",\"type\":\"room.update\",\"data\":{\"room\":\"r1\",\"topic\":\"tea\"}}");
	assert_int_equal(heard(too, "read.marked", NULL), 1);
	assert_int_equal(heard(too, "room.updated", NULL), 1);
	assert_int_equal(n_submitted[STORE_READ_MARK], 1);
	assert_int_equal(n_submitted[STORE_ROOM_UPDATE], 1);
	ask(&h, ann, "{\"ref\":\"m2\",\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":5}}");
	ask(&h, ann, "{\"ref\":\"m3\",\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":1}}");
	assert_int_equal(number_of(data_of(ann, "m3"), "read_seq"), 5);
	assert_int_equal(number_of(data_of(ann, "m3"), "unread"), 2);
	ask(&h, ann, "{\"ref\":\"t2\",\"type\":\"room.update\",\"data\":{\"room\":\"r1\",\"name\":\"r1\",\"topic\":\"tea\"}}");
	assert_int_equal(number_of(data_of(ann, "t2"), "seq"), number_of(data_of(ann, "t"), "seq"));
	ask(&h, ann, "{\"ref\":\"j\",\"type\":\"room.join\",\"data\":{\"room\":\"r1\"}}");
	assert_string_equal(code_of(ann, "j"), "ok");
	assert_int_equal(n_submitted[STORE_READ_MARK], 1);
	assert_int_equal(n_submitted[STORE_ROOM_UPDATE], 1);
	assert_int_equal(n_submitted[STORE_JOIN], n_joins);
	assert_int_equal(heard(too, "read.marked", NULL), 1);
	assert_int_equal(heard(too, "room.updated", NULL), 1);
	assert_int_equal(heard(too, "room.added", NULL), 0);
	/* Only the store knows marks past the end: the first moves the mark, the second does not. */
	ask(&h, ann, "{\"ref\":\"f\",\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":4000}}");
	ask(&h, ann, "{\"ref\":\"f2\",\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":4000}}");
	assert_int_equal(heard(too, "read.marked", NULL), 2);
	fixture_finish(&h.f);
}

/* An operation under way may change it. Then the room ends in the state that was asked for last. */
static void an_update_that_undoes_one_under_way_is_done(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 0);
	house_start(&h);
	struct conn *ann = h.writer;
	ask(&h, ann, "{\"type\":\"room.update\",\"data\":{\"room\":\"r1\",\"topic\":\"tea\"}}");
	say(ann, "{\"type\":\"room.update\",\"data\":{\"room\":\"r1\",\"topic\":\"coffee\"}}");
	say(ann, "{\"type\":\"room.update\",\"data\":{\"room\":\"r1\",\"topic\":\"tea\"}}");
	fixture_run(&h.f, -1);
	assert_int_equal(heard(ann, "room.updated", NULL), 3);
	ask(&h, ann, "{\"ref\":\"g\",\"type\":\"room.get\",\"data\":{\"room\":\"r1\"}}");
	assert_string_equal(json_string_value(json_object_get(json_object_get(data_of(ann, "g"), "room"), "topic")), "tea");
	fixture_finish(&h.f);
}

static void sessions_of_an_account_are_limited(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 0);
	h.f.config.limits.account_sessions = 2;
	house_start(&h); /* ann's first */
	struct conn *stream = fixture_open(&h.f, TRANSPORT_STREAM, h.ann_token), *c = fixture_websocket(&h.f);
	session_stream_request(stream->session, &(struct text){"r1", 2}, 1, (struct text){0});
	fixture_run(&h.f, -1);
	assert_true(stream->is_stream_started);
	say(c, "{\"ref\":\"s\",\"type\":\"session.start\",\"data\":{\"token\":\"%s\"}}", h.ann_token);
	fixture_run(&h.f, -1);
	assert_string_equal(code_of(c, "s"), "too_many_sessions");
	assert_true(json_is_true(json_object_get(data_of(c, "s"), "retryable")));
	assert_true(number_of(data_of(c, "s"), "retry_after_ms") > 0);
	assert_false(c->is_closing);
	struct conn *more = fixture_open(&h.f, TRANSPORT_STREAM, h.ann_token), *http = fixture_open(&h.f, TRANSPORT_HTTP, h.ann_token);
	session_stream_request(more->session, &(struct text){"r1", 2}, 1, (struct text){0});
	session_http_request(http->session, CMD_ROOM_LIST, NULL, 0); /* a request is no session */
	fixture_run(&h.f, -1);
	assert_int_equal(more->last_code, WIRE_TOO_MANY_SESSIONS);
	assert_int_equal(http->last_code, WIRE_OK);
	fixture_signed_in(&h.f, h.bob_token); /* another account's are its own */
	fake_conn_close_session(stream);
	say(c, "{\"ref\":\"again\",\"type\":\"session.start\",\"data\":{\"token\":\"%s\"}}", h.ann_token);
	fixture_run(&h.f, -1);
	assert_string_equal(code_of(c, "again"), "ok");
	fixture_finish(&h.f);
}

/* ---- many sessions ---- */

enum { MANY = 100, SLICE = 8 };

struct crowd {
	struct house h;
	struct conn *c[MANY]; /* of bob */
};

static void crowd_setup(struct crowd *w, size_t n_messages)
{
	house_setup(&w->h, n_messages);
	w->h.f.config.sweep_slice = SLICE;
	house_start(&w->h);
	for (int i = 0; i < MANY; i++)
		w->c[i] = fixture_signed_in(&w->h.f, w->h.bob_token);
}

static size_t n_told(const struct crowd *w, const char *type)
{
	size_t n = 0;
	for (int i = 0; i < MANY; i++)
		n += heard(w->c[i], type, NULL);
	return n;
}

/* Turns until all are told; no turn tells more than a slice. Returns how many turns that took. */
static int turns_until(struct crowd *w, const char *type, size_t n)
{
	int turns = 0;
	for (size_t before = n_told(w, type), now; before < n; before = now, turns++) {
		assert_true(turns < 10 * MANY);
		fixture_turn(&w->h.f);
		now = n_told(w, type);
		assert_true(now - before <= SLICE);
	}
	return turns;
}

static void an_account_with_many_sessions_is_told_in_slices(void **state)
{
	(void)state;
	struct crowd w = {0};
	crowd_setup(&w, 4);
	say(w.c[0], "{\"ref\":\"m\",\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":5}}");
	held_store_settle(w.h.f.store, -1);
	assert_true(turns_until(&w, "read.marked", MANY - 1) >= MANY / SLICE);
	fixture_turns(&w.h.f);
	assert_int_equal(n_told(&w, "read.marked"), MANY - 1);
	assert_int_equal(heard(w.c[0], "read.marked", NULL), 0);
	fixture_finish(&w.h.f);
}

static void of_marks_that_wait_only_the_newest_is_told(void **state)
{
	(void)state;
	struct crowd w = {0};
	crowd_setup(&w, 30);
	for (int seq = 5; seq < 25; seq++)
		say(w.c[seq % 2], "{\"type\":\"read.mark\",\"data\":{\"room\":\"r1\",\"seq\":%d}}", seq);
	held_store_settle(w.h.f.store, -1);
	fixture_turns(&w.h.f);
	json_t *last;
	for (int i = 2; i < MANY; i++) {
		assert_int_equal(heard(w.c[i], "read.marked", &last), 2); /* the first was being told */
		assert_int_equal(number_of(json_object_get(last, "data"), "read_seq"), 24);
	}
	for (int i = 0; i < 2; i++) /* of their own nothing, of each other's the first or the last */
		assert_int_equal(heard(w.c[i], "read.marked", NULL), 1);
	fixture_finish(&w.h.f);
}

/* While the news of it goes round there are messages, a session leaves, another comes, and the room is left again. */
static void no_session_gets_an_event_of_a_room_that_it_was_not_told_of(void **state)
{
	(void)state;
	struct crowd w = {0};
	crowd_setup(&w, 0);
	struct chat_fixture *f = &w.h.f;
	ask(&w.h, w.h.writer, "{\"ref\":\"c\",\"type\":\"room.create\",\"data\":{\"name\":\"new\"}}");
	struct uid id;
	const char *text = json_string_value(json_object_get(data_of(w.h.writer, "c"), "id"));
	assert_true(uid_parse(text, strlen(text), &id));
	say(w.c[0], "{\"ref\":\"j\",\"type\":\"room.join\",\"data\":{\"room\":\"new\"}}");
	held_store_settle(f->store, -1);
	struct conn *late = NULL;
	for (int i = 0; i < 30; i++) {
		say(w.h.writer, "{\"type\":\"message.send\",\"data\":{\"room\":\"new\",\"text\":\"x\"}}");
		held_store_settle(f->store, -1);
		fixture_turn(f);
		if (i == 3)
			fake_conn_close_session(w.c[40]); /* before it was told */
		if (i == 4) {
			late = fixture_websocket(f);
			say(late, "{\"ref\":\"start\",\"type\":\"session.start\",\"data\":{\"token\":\"%s\"}}", w.h.bob_token);
		}
	}
	fixture_run(f, -1);
	for (int i = 1; i < MANY; i++) {
		size_t at;
		json_t *j;
		uint64_t last = 0;
		json_array_foreach(w.c[i]->heard, at, j) {
			const char *type = json_string_value(json_object_get(j, "type")),
				   *room = json_string_value(json_object_get(j, "room"));
			if (!room || strcmp(room, text) != 0)
				continue;
			if (strcmp(type, "room.added") == 0) {
				assert_int_equal(last, 0);
				last = number_of(json_object_get(j, "data"), "last_seq");
			} else {
				assert_true(last > 0);
				assert_int_equal(number_of(j, "seq"), last + 1);
				last++;
			}
		}
		assert_int_equal(last, i == 40 ? 0 : 33);
	}
	assert_int_equal(heard(late, "room.added", NULL), 0); /* it began with the room */
	assert_int_equal(number_of(json_array_get(late->heard, json_array_size(late->heard) - 1), "seq"), 33);
	fixture_finish(f);
}

static void a_room_that_is_left_while_its_joining_is_told(void **state)
{
	(void)state;
	struct crowd w = {0};
	crowd_setup(&w, 0);
	struct chat_fixture *f = &w.h.f;
	ask(&w.h, w.h.writer, "{\"type\":\"room.create\",\"data\":{\"name\":\"new\"}}");
	for (int i = 0; i < 3; i++) {
		say(w.c[0], "{\"ref\":\"j\",\"type\":\"room.join\",\"data\":{\"room\":\"new\"}}");
		held_store_settle(f->store, -1);
		fixture_turn(f);
		fixture_turn(f); /* told to some */
		say(w.c[0], "{\"ref\":\"l\",\"type\":\"room.leave\",\"data\":{\"room\":\"new\"}}");
		held_store_settle(f->store, -1);
		assert_int_equal(f->metrics.readers, MANY * ROOMS + ROOMS + 1); /* from now on none of bob's sessions follows it */
	}
	fixture_run(f, -1);
	for (int i = 1; i < MANY; i++) {
		size_t n_added = heard(w.c[i], "room.added", NULL);
		assert_true(n_added <= 3);
		assert_int_equal(heard(w.c[i], "room.removed", NULL), 3);
		json_t *last = json_array_get(w.c[i]->heard, json_array_size(w.c[i]->heard) - 1);
		assert_string_equal(json_string_value(json_object_get(last, "type")), "room.removed");
	}
	fixture_finish(f);
}

static void news_without_end_close_the_sessions(void **state)
{
	(void)state;
	struct crowd w = {0};
	crowd_setup(&w, 0);
	struct user *u = w.c[0]->session->user;
	struct member *m = list_entry(u->members.next, struct member, in_user);
	for (int i = 0; i < USER_NEWS_MOST; i++)
		user_news_room_added(m);
	assert_false(w.c[1]->is_closing);
	user_news_room_added(m);
	for (int i = 0; i < MANY; i++)
		assert_true(w.c[i]->is_closing && w.c[i]->reason == CLOSE_TOO_SLOW);
	assert_null(u->news);
	fixture_finish(&w.h.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changes_nothing_is_told_to_nobody),
		cmocka_unit_test(an_update_that_undoes_one_under_way_is_done),
		cmocka_unit_test(sessions_of_an_account_are_limited),
		cmocka_unit_test(an_account_with_many_sessions_is_told_in_slices),
		cmocka_unit_test(of_marks_that_wait_only_the_newest_is_told),
		cmocka_unit_test(no_session_gets_an_event_of_a_room_that_it_was_not_told_of),
		cmocka_unit_test(a_room_that_is_left_while_its_joining_is_told),
		cmocka_unit_test(news_without_end_close_the_sessions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
