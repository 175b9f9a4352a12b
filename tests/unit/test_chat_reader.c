/* Readers that are behind, fall out, come back or go away; and everything at once, at random. */
#include "chat_house.h"

#include "room/reader_log.h"
#include "room/room.h"

#include <errno.h>
#include <string.h>

static void a_slow_reader_catches_up_from_the_log(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 0);
	house_start(&h);
	struct conn *slow = fixture_signed_in(&h.f, h.bob_token), *fast = fixture_signed_in(&h.f, h.bob_token);
	const struct uid *room = room_id_of(&h.f, h.rooms[0]);
	uint64_t first = last_seq(&h, 0) + 1;
	slow->blocked = true;
	send_many(&h, 0, 3000);
	assert_seqs(fast, room, 0, first, last_seq(&h, 0));
	assert_seqs(slow, room, 0, first, first - 1);
	const struct room *r = room_by_id(&h.f.chat->rooms, room);
	assert_int_equal(r->tail.cap, 4096); /* nobody's slowness makes the ring longer */
	assert_int_equal(h.f.store->n_submitted[STORE_LOG_PAGE], 0);
	slow->blocked = false;
	slow->writes_per_turn = 1;
	for (int i = 0; i < 20; i++) { /* it goes on while he catches up */
		send_one(&h, 0);
		fixture_turn(&h.f);
		held_store_settle(h.f.store, -1);
	}
	fixture_run(&h.f, -1);
	assert_seqs(slow, room, 0, first, last_seq(&h, 0));
	assert_seqs(fast, room, 0, first, last_seq(&h, 0));
	assert_true(h.f.store->n_submitted[STORE_LOG_PAGE] > 100);
	assert_true(slow->largest_write <= 1024 + 64); /* the page counts JSON; the frames' headers come on top */
	assert_int_equal(h.f.metrics.readers_behind, 0);
	size_t pages = h.f.store->n_submitted[STORE_LOG_PAGE];
	send_many(&h, 0, 5);
	assert_seqs(slow, room, 0, first, last_seq(&h, 0));
	assert_int_equal(h.f.store->n_submitted[STORE_LOG_PAGE], pages); /* live again */
	fixture_finish(&h.f);
}

static void a_reader_that_skips_is_told_what_it_missed(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 0);
	house_start(&h);
	struct conn *c = fixture_websocket(&h.f);
	say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"on_gap\":\"skip\"}}", h.bob_token);
	fixture_run(&h.f, -1);
	uint64_t first = last_seq(&h, 0) + 1;
	c->blocked = true;
	send_many(&h, 0, 1000);
	c->blocked = false;
	fixture_run(&h.f, -1);
	uint64_t last = last_seq(&h, 0);
	json_t *gap = NULL;
	assert_int_equal(heard(c, "room.gap", &gap), 1);
	assert_int_equal(number_of(json_object_get(gap, "data"), "from"), first);
	assert_int_equal(number_of(json_object_get(gap, "data"), "to"), last - 50);
	assert_seqs(c, room_id_of(&h.f, h.rooms[0]), 0, last - 49, last);
	fixture_finish(&h.f);
}

/* The store has committed an event that done() has not told yet. A page that is read meanwhile must not run ahead of the room. */
static void a_page_does_not_run_ahead_of_the_room(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 100);
	house_start(&h);
	struct conn *c = fixture_websocket(&h.f);
	const struct uid *room = room_id_of(&h.f, h.rooms[0]);
	uint64_t last = last_seq(&h, 0);
	say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"resume\":{\"%s\":%d}}}", h.bob_token, id_text(room),
	    (int)last - 2);
	held_store_deliver(h.f.store, held_store_find(h.f.store, STORE_SIGN_IN));
	fixture_turns(&h.f);
	say(h.writer, "{\"type\":\"message.send\",\"data\":{\"room\":\"r1\",\"text\":\"x\"}}");
	say(h.writer, "{\"type\":\"message.send\",\"data\":{\"room\":\"r1\",\"text\":\"y\"}}");
	struct store_op *one = held_store_find(h.f.store, STORE_APPEND);
	held_store_work(h.f.store, one);
	struct store_op *page = held_store_find(h.f.store, STORE_LOG_PAGE);
	assert_non_null(page);
	held_store_deliver(h.f.store, page);
	fixture_turns(&h.f);
	fixture_run(&h.f, -1);
	assert_int_equal(heard(c, "room.gap", NULL), 0);
	assert_seqs(c, room, 0, last - 1, last + 2);
	fixture_finish(&h.f);
}

/* Four hundred sessions behind in three rooms each: few pages at once, one per session, and all of them arrive. */
static void pages_in_flight_are_bounded(void **state)
{
	(void)state;
	enum { SESSIONS = 400 };
	struct house h = {0};
	house_setup(&h, 60);
	house_start(&h);
	struct conn *conns[SESSIONS];
	for (int i = 0; i < SESSIONS; i++) {
		struct conn *c = conns[i] = fixture_websocket(&h.f);
		c->writes_per_turn = 1;
		say(c, "{\"type\":\"session.start\",\"data\":{\"token\":\"%s\",\"resume\":{\"%s\":0,\"%s\":10,\"%s\":20}}}", h.bob_token,
		    id_text(room_id_of(&h.f, h.rooms[0])), id_text(room_id_of(&h.f, h.rooms[1])), id_text(room_id_of(&h.f, h.rooms[2])));
	}
	held_store_settle(h.f.store, STORE_LOG_PAGE);
	fixture_turns(&h.f);
	assert_int_equal(h.f.store->n_in_flight[STORE_LOG_PAGE], READER_LOG_PAGES);
	for (int i = 0; i < 100; i++) /* some leave with a page in flight, or in line */
		fake_conn_close_session(conns[i * 2]);
	h.f.store->refuses = -EBUSY; /* and once the store turns them away */
	for (int i = 0; i < 40; i++) {
		struct store_op *page = held_store_find(h.f.store, STORE_LOG_PAGE);
		if (page)
			held_store_deliver(h.f.store, page);
		fixture_turn(&h.f);
	}
	h.f.store->refuses = 0;
	reader_log_retry(&h.f.chat->rooms); /* what the housekeeping does */
	fixture_run(&h.f, -1);
	assert_int_equal(h.f.store->most_in_flight[STORE_LOG_PAGE], READER_LOG_PAGES);
	int n_whole = 0;
	for (int i = 0; i < SESSIONS; i++) {
		for (int r = 0; conns[i]->session && r < ROOMS; r++, n_whole++)
			assert_seqs(conns[i], room_id_of(&h.f, h.rooms[r]), 0, (uint64_t)r * 10 + 1, last_seq(&h, r));
	}
	assert_int_equal(n_whole, (SESSIONS - 100) * ROOMS);
	fixture_finish(&h.f);
}

static void a_session_has_one_page_in_flight(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 200);
	house_start(&h);
	struct conn *c = fixture_websocket(&h.f);
	say(c, "{\"type\":\"session.start\",\"data\":{\"token\":\"%s\",\"resume\":{\"%s\":0,\"%s\":0,\"%s\":0}}}", h.bob_token,
	    id_text(room_id_of(&h.f, h.rooms[0])), id_text(room_id_of(&h.f, h.rooms[1])), id_text(room_id_of(&h.f, h.rooms[2])));
	held_store_settle(h.f.store, STORE_LOG_PAGE);
	fixture_turns(&h.f);
	assert_int_equal(h.f.store->n_in_flight[STORE_LOG_PAGE], 1);
	/* The room whose page is in flight is left: the others must not wait for that page. */
	const struct reader *paging = c->session->follower.paging;
	int left = paging->room == room_by_id(&h.f.chat->rooms, room_id_of(&h.f, h.rooms[0]))   ? 0
		   : paging->room == room_by_id(&h.f.chat->rooms, room_id_of(&h.f, h.rooms[1])) ? 1
												: 2;
	say(c, "{\"type\":\"room.leave\",\"data\":{\"room\":\"r%d\"}}", left + 1);
	held_store_settle(h.f.store, STORE_LOG_PAGE);
	fixture_turns(&h.f);
	assert_int_equal(h.f.store->n_in_flight[STORE_LOG_PAGE], 2); /* the orphan, and the next reader's */
	fixture_run(&h.f, -1);
	assert_int_equal(h.f.store->most_in_flight[STORE_LOG_PAGE], 2);
	for (int r = 0; r < ROOMS; r++)
		if (r != left)
			assert_seqs(c, room_id_of(&h.f, h.rooms[r]), 0, 1, last_seq(&h, r));
	fixture_finish(&h.f);
}

static void a_log_that_cannot_be_read_ends_the_connection(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 100);
	house_start(&h);
	struct conn *c = fixture_websocket(&h.f);
	say(c, "{\"type\":\"session.start\",\"data\":{\"token\":\"%s\",\"resume\":{\"%s\":0}}}", h.bob_token,
	    id_text(room_id_of(&h.f, h.rooms[0])));
	held_store_settle(h.f.store, STORE_LOG_PAGE);
	fixture_turns(&h.f);
	h.f.store->fault = -EIO;
	fixture_run(&h.f, -1);
	h.f.store->fault = 0;
	assert_true(c->is_closing);
	assert_int_equal(c->reason, CLOSE_GOING_AWAY);
	fixture_finish(&h.f);
}

/* ---- what is not remembered ---- */

static void typing_and_signals_are_heard_and_not_stored(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 0);
	house_start(&h);
	struct conn *c = fixture_signed_in(&h.f, h.bob_token);
	size_t appended = h.f.store->n_submitted[STORE_APPEND];
	say(h.writer, "{\"type\":\"typing.set\",\"ref\":\"t\",\"data\":{\"room\":\"r1\"}}");
	say(h.writer, "{\"type\":\"signal.send\",\"ref\":\"g\","
		      "\"data\":{\"room\":\"r1\",\"name\":\"wave\",\"data\":[1,null,\"\\u00e9\"]}}");
	fixture_run(&h.f, -1);
	assert_string_equal(code_of(h.writer, "t"), "ok");
	json_t *typing = NULL, *signal = NULL;
	assert_int_equal(heard(c, "typing", &typing), 1);
	assert_int_equal(heard(c, "signal", &signal), 1);
	assert_null(json_object_get(typing, "seq"));
	assert_null(json_object_get(typing, "id"));
	assert_true(json_is_true(json_object_get(json_object_get(typing, "data"), "typing")));
	assert_int_equal(json_array_size(json_object_get(json_object_get(signal, "data"), "data")), 3);
	assert_int_equal(heard(h.writer, "typing", NULL), 1); /* one's own connections too */
	assert_int_equal(h.f.store->n_submitted[STORE_APPEND], appended);
	/* Thousands of them push a blocked reader out of the ring, and cost it nothing that is remembered. */
	c->blocked = true;
	uint64_t first = last_seq(&h, 0) + 1;
	send_many(&h, 0, 10);
	for (int i = 0; i < 2000; i++) {
		say(h.writer, "{\"type\":\"typing.set\",\"data\":{\"room\":\"r1\"}}");
		if (i % 7 == 0)
			send_one(&h, 0);
		fixture_turn(&h.f);
	}
	assert_int_equal(h.f.store->n_submitted[STORE_LOG_PAGE], 0);
	c->blocked = false;
	fixture_run(&h.f, -1);
	assert_true(h.f.store->n_submitted[STORE_LOG_PAGE] > 0); /* it was out of the ring */
	assert_seqs(c, room_id_of(&h.f, h.rooms[0]), 0, first, last_seq(&h, 0));
	assert_int_equal(room_by_id(&h.f.chat->rooms, room_id_of(&h.f, h.rooms[0]))->tail.cap, 4096);
	fixture_finish(&h.f);
}

/* ---- everything at once ---- */

static uint32_t dice(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % n;
}

struct watcher {
	struct conn *conn;
	uint64_t first[ROOMS]; /* the seq it must begin with */
};

static void watcher_start(struct house *h, struct watcher *w, uint64_t *seed)
{
	auto_buf resume = BUF_INIT;
	for (int r = 0; r < ROOMS; r++) {
		uint64_t cursor = dice(seed, (uint32_t)last_seq(h, r) + 1);
		if (dice(seed, 2)) /* near the end */
			cursor = last_seq(h, r);
		/* An event that is committed but not told yet may be beyond the end for the room, so this asks for what bob can know. */
		const struct room *room = room_by_id(&h->f.chat->rooms, room_id_of(&h->f, h->rooms[r]));
		if (room && cursor > room->feed.last_seq)
			cursor = room->feed.last_seq;
		w->first[r] = cursor + 1;
		buf_appendf(&resume, "%s\"%s\":%llu", r ? "," : "", id_text(room_id_of(&h->f, h->rooms[r])), (unsigned long long)cursor);
	}
	w->conn = fixture_websocket(&h->f);
	w->conn->writes_per_turn = dice(seed, 3);
	say(w->conn, "{\"type\":\"session.start\",\"data\":{\"token\":\"%s\",\"resume\":{%.*s}}}", h->bob_token, (int)resume.len,
	    (char *)resume.data);
}

/* One operation of the store gets a step further. */
static void random_store(struct house *h, uint64_t *seed)
{
	struct held_store *s = h->f.store;
	struct list *from = dice(seed, 2) ? &s->submitted : &s->worked;
	if (list_empty(from))
		return;
	struct store_op *op = list_entry(from->next, struct store_op, link); /* in order, as far as writes go */
	if (from == &s->worked)
		held_store_deliver(s, op);
	else
		held_store_work(s, op);
}

static void random_house(uint64_t seed)
{
	enum { WATCHERS = 12 };
	struct house h = {0};
	struct watcher watchers[WATCHERS] = {0};
	house_setup(&h, dice(&seed, 100));
	h.f.config.sweep_slice = 1 + dice(&seed, 8);
	h.f.config.room_tail_bytes = 4096u << dice(&seed, 4);
	house_start(&h);
	for (int step = 0; step < 6000; step++) {
		uint32_t what = dice(&seed, 100);
		struct watcher *w = &watchers[dice(&seed, WATCHERS)];
		if (what < 30)
			say(h.writer, "{\"type\":\"message.send\",\"data\":{\"room\":\"r%u\",\"text\":\"%0*d\"}}", 1 + dice(&seed, ROOMS),
			    1 + (int)dice(&seed, dice(&seed, 20) ? 60 : 2500), step);
		else if (what < 33)
			say(h.writer, "{\"type\":\"typing.set\",\"data\":{\"room\":\"r%u\"}}", 1 + dice(&seed, ROOMS));
		else if (what < 75)
			random_store(&h, &seed);
		else if (what < 95)
			fixture_turn(&h.f);
		else if (!w->conn && h.f.n_conns < FIXTURE_CONNS_MAX)
			watcher_start(&h, w, &seed);
		else if (w->conn)
			w->conn->blocked = dice(&seed, 2);
		if (dice(&seed, 50) == 0)
			room_forget_quiet_tails(&h.f.chat->rooms, 0);
		if (step % 600 == 599 && w->conn && w->conn->session) { /* one goes in the middle of everything */
			fake_conn_close_session(w->conn);
			*w = (struct watcher){0};
		}
	}
	for (int i = 0; i < WATCHERS; i++)
		if (watchers[i].conn)
			watchers[i].conn->blocked = false;
	fixture_run(&h.f, -1);
	reader_log_retry(&h.f.chat->rooms);
	fixture_run(&h.f, -1);
	int n_watched = 0;
	for (int i = 0; i < WATCHERS; i++)
		for (int r = 0; watchers[i].conn && r < ROOMS; r++, n_watched++)
			assert_seqs(watchers[i].conn, room_id_of(&h.f, h.rooms[r]), 0, watchers[i].first[r], last_seq(&h, r));
	assert_true(n_watched > WATCHERS / 2 * ROOMS);
	assert_true(h.f.store->n_submitted[STORE_LOG_PAGE] > WATCHERS);
	fixture_finish(&h.f);
}

static void quiet_tails_are_given_back(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 0);
	h.f.config.room_tail_bytes = 65536;
	house_start(&h);
	struct conn *fast = fixture_signed_in(&h.f, h.bob_token), *slow = fixture_signed_in(&h.f, h.bob_token);
	const struct uid *room = room_id_of(&h.f, h.rooms[0]);
	const struct room *r = room_by_id(&h.f.chat->rooms, room);
	uint64_t first = last_seq(&h, 0) + 1;
	slow->blocked = true;
	send_many(&h, 0, 300);
	assert_true(r->tail.cap > ROOM_TAIL_LEAST);
	room_forget_quiet_tails(&h.f.chat->rooms, 60000);
	assert_true(r->tail.cap > ROOM_TAIL_LEAST); /* it is not quiet yet */
	room_forget_quiet_tails(&h.f.chat->rooms, 0);
	assert_int_equal(r->tail.cap, 0);
	send_many(&h, 0, 3);
	slow->blocked = false;
	fixture_run(&h.f, -1);
	assert_seqs(fast, room, 0, first, last_seq(&h, 0));
	assert_seqs(slow, room, 0, first, last_seq(&h, 0));
	fixture_finish(&h.f);
}

static void everything_at_random_loses_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 25; seed++)
		random_house(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_reader_catches_up_from_the_log),
		cmocka_unit_test(a_reader_that_skips_is_told_what_it_missed),
		cmocka_unit_test(a_page_does_not_run_ahead_of_the_room),
		cmocka_unit_test(pages_in_flight_are_bounded),
		cmocka_unit_test(a_session_has_one_page_in_flight),
		cmocka_unit_test(a_log_that_cannot_be_read_ends_the_connection),
		cmocka_unit_test(typing_and_signals_are_heard_and_not_stored),
		cmocka_unit_test(quiet_tails_are_given_back),
		cmocka_unit_test(everything_at_random_loses_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
