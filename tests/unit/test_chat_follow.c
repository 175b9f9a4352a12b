/* Events that another writer of the same database committed, which nobody told us. */
#include "chat_house.h"

#include "chat/user_refresh.h"
#include "store/store_state.h"
#include "store_fixture.h"

#include <errno.h>
#include <string.h>

static struct conn *follow(struct house *h, const char *token)
{
	held_store_share(h->f.store);
	return fixture_signed_in(&h->f, token);
}

static void another_writer(struct house *h, int room, size_t n)
{
	held_store_add_messages(h->f.store, h->rooms[room], h->ann, n);
}

static void pass_seconds(struct house *h, unsigned n)
{
	fixture_pass_ms(&h->f, n * (FOLLOW_EVERY_MS + FOLLOW_VARY_MS));
	fixture_run(&h->f, -1);
}

static void missed_events_come_with_the_next_question_in_order_and_once(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 5);
	house_start(&h);
	struct conn *bob = follow(&h, h.bob_token);
	uint64_t last = last_seq(&h, 0);
	another_writer(&h, 0, 700); /* more than one fetch brings, and than a feed holds */
	pass_seconds(&h, 1);
	assert_seqs(bob, room_id_of(&h.f, h.rooms[0]), 0, last + 1, last + 700);
	for (int i = 0; i < 5; i++) { /* in turns with our own, which are found on top of theirs */
		another_writer(&h, 0, 2);
		send_one(&h, 0);
		another_writer(&h, 1, 1);
		pass_seconds(&h, 1);
	}
	assert_seqs(bob, room_id_of(&h.f, h.rooms[0]), 0, last + 1, last + 715);
	assert_seqs(bob, room_id_of(&h.f, h.rooms[1]), 0, last + 1, last + 5);
	assert_true(h.f.metrics.tops_seconds.sum > 0);
	assert_int_equal(h.f.metrics.tops_behind.sum, 700 + 5);
	fixture_finish(&h.f);
}

static void a_store_of_our_own_is_not_asked(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 5);
	house_start(&h);
	pass_seconds(&h, 3);
	assert_int_equal(h.f.store->n_submitted[STORE_ROOM_TOPS], 0);
	fixture_finish(&h.f);
}

static void rooms_that_nobody_follows_are_not_asked_for(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 5);
	fixture_start(&h.f);
	held_store_share(h.f.store);
	struct conn *http = fixture_open(&h.f, TRANSPORT_HTTP, h.bob_token);
	session_http_request(http->session, CMD_ROOM_LIST, NULL, 0);
	fixture_run(&h.f, -1);
	pass_seconds(&h, 1); /* the log is found */
	assert_int_equal(n_rooms_asked_for(&h), 1);
	struct conn *bob = follow(&h, h.bob_token);
	assert_int_equal(n_rooms_asked_for(&h), 1 + ROOMS);
	fake_conn_close_session(bob);
	assert_int_equal(n_rooms_asked_for(&h), 1);
	fixture_finish(&h.f);
}

static void there_are_never_two_questions_at_once(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 5);
	house_start(&h);
	follow(&h, h.bob_token);
	fixture_pass_ms(&h.f, 10 * FOLLOW_EVERY_MS); /* the store does not answer */
	assert_int_equal(h.f.store->n_submitted[STORE_ROOM_TOPS], 1);
	fixture_run(&h.f, -1);
	pass_seconds(&h, 1);
	assert_in_range(h.f.store->n_submitted[STORE_ROOM_TOPS], 2, 3);
	assert_int_equal(h.f.store->most_in_flight[STORE_ROOM_TOPS], 1);
	fixture_finish(&h.f);
}

static void a_question_that_fails_waits_for_the_next_second(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 5);
	house_start(&h);
	struct conn *bob = follow(&h, h.bob_token);
	uint64_t last = last_seq(&h, 2);
	another_writer(&h, 2, 1);
	h.f.store->fault = -EIO;
	fixture_pass_ms(&h.f, FOLLOW_EVERY_MS + FOLLOW_VARY_MS);
	fixture_run(&h.f, -1);
	h.f.store->fault = 0;
	h.f.store->refuses = -EBUSY;
	fixture_pass_ms(&h.f, FOLLOW_EVERY_MS + FOLLOW_VARY_MS);
	h.f.store->refuses = 0;
	fixture_run(&h.f, -1);
	assert_int_equal(heard(bob, "message.created", NULL), 0);
	pass_seconds(&h, 1);
	assert_seqs(bob, room_id_of(&h.f, h.rooms[2]), 0, last + 1, last + 1);
	fixture_finish(&h.f);
}

static void an_outage_is_made_up_for_at_once(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 5);
	house_start(&h);
	struct conn *bob = follow(&h, h.bob_token);
	uint64_t last = last_seq(&h, 0);
	pass_seconds(&h, 1);
	size_t n = h.f.store->n_submitted[STORE_ROOM_TOPS];
	store_set_away(&h.f.store->base, "unreachable", 1000);
	another_writer(&h, 0, 1);
	pass_seconds(&h, 5);
	assert_int_equal(h.f.store->n_submitted[STORE_ROOM_TOPS], n);
	store_set_back(&h.f.store->base);
	fixture_pass_ms(&h.f, 10);
	fixture_run(&h.f, -1);
	assert_seqs(bob, room_id_of(&h.f, h.rooms[0]), 0, last + 1, last + 1);
	fixture_finish(&h.f);
}

static bool is_told_of(struct conn *c, const char *type, const struct uid *room)
{
	json_t *event = NULL;
	return heard(c, type, &event) == 1 && strcmp(json_string_value(json_object_get(event, "room")), id_text(room)) == 0;
}

static void memberships_of_others_are_read_again_after_an_outage(void **state)
{
	(void)state;
	for (int is_shared = 0; is_shared < 2; is_shared++) {
		struct house h = {0};
		house_setup(&h, 5);
		uint64_t hut = held_store_add_room(h.f.store, "hut", ROOM_PRIVATE, h.ann);
		house_start(&h);
		struct conn *bob = fixture_signed_in(&h.f, h.bob_token);
		if (is_shared)
			held_store_share(h.f.store);
		pass_seconds(&h, 2); /* the server's log is found */
		size_t n_asked = h.f.store->n_submitted[STORE_SIGN_IN];
		store_set_away(&h.f.store->base, "unreachable", 1000);
		held_store_add_member(h.f.store, hut, h.bob);
		held_store_remove_member(h.f.store, h.rooms[2], h.bob);
		fixture_pass_ms(&h.f, 3000);
		assert_int_equal(h.f.store->n_submitted[STORE_SIGN_IN], n_asked);
		store_set_back(&h.f.store->base);
		fixture_run(&h.f, -1);
		assert_int_equal(h.f.store->n_submitted[STORE_SIGN_IN], n_asked + (is_shared ? 2 : 0));
		assert_int_equal(is_told_of(bob, "room.added", room_id_of(&h.f, hut)), is_shared);
		assert_int_equal(is_told_of(bob, "room.removed", room_id_of(&h.f, h.rooms[2])), is_shared);
		fixture_finish(&h.f);
	}
}

static void an_outage_leaves_the_store_room_for_others(void **state)
{
	(void)state;
	enum { MANY = 5 * USER_REFRESH_MOST };
	struct house h = {0};
	house_setup(&h, 1);
	house_start(&h);
	for (int i = 0; i < MANY; i++) {
		char name[16], token[80];
		snprintf(name, sizeof(name), "user%d", i);
		held_store_add_guest(h.f.store, name, token);
		fixture_signed_in(&h.f, token);
	}
	held_store_share(h.f.store);
	pass_seconds(&h, 2); /* the server's log is found */
	size_t n_asked = h.f.store->n_submitted[STORE_SIGN_IN];
	store_set_away(&h.f.store->base, "unreachable", 1000);
	store_set_back(&h.f.store->base);
	held_store_deliver(h.f.store, held_store_find(h.f.store, STORE_SIGN_IN));
	h.f.store->fault = -EIO; /* those under way have to be asked for again */
	fixture_run(&h.f, -1);
	h.f.store->fault = 0;
	assert_int_equal(h.f.store->n_submitted[STORE_SIGN_IN], n_asked + USER_REFRESH_MOST + 1);
	pass_seconds(&h, 2);
	assert_int_equal(h.f.store->most_in_flight[STORE_SIGN_IN], USER_REFRESH_MOST);
	assert_int_equal(h.f.store->n_submitted[STORE_SIGN_IN], n_asked + USER_REFRESH_MOST + MANY + 1);
	fixture_finish(&h.f);
}

static void many_rooms_go_in_chunks_each_once_a_second(void **state)
{
	(void)state;
	enum { MANY = 2 * FOLLOW_CHUNK + 100 };
	static uint64_t rooms[MANY];
	struct house h = {0};
	house_setup(&h, 1);
	h.f.config.limits.user_rooms = 0;
	for (int i = 0; i < MANY; i++) {
		char name[16];
		snprintf(name, sizeof(name), "more%d", i);
		rooms[i] = held_store_add_room(h.f.store, name, ROOM_PUBLIC, h.ann);
		held_store_add_member(h.f.store, rooms[i], h.bob);
	}
	house_start(&h);
	held_store_share(h.f.store);
	struct conn *bob = fixture_websocket(&h.f);
	say(bob, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\"}}", h.bob_token);
	while (!reply_to(bob, "s")) {
		held_store_settle(h.f.store, STORE_ROOM_TOPS);
		fixture_turn(&h.f);
	}
	fixture_run(&h.f, -1);
	h.f.store->n_submitted[STORE_ROOM_TOPS] = 0;
	for (int i = 0; i < MANY; i += 37)
		held_store_add_messages(h.f.store, rooms[i], h.ann, 1);
	while (!h.f.store->n_submitted[STORE_ROOM_TOPS])
		fixture_turn(&h.f);
	fixture_run(&h.f, -1);
	assert_int_equal(h.f.store->n_submitted[STORE_ROOM_TOPS], 3);
	assert_int_equal(h.f.store->most_in_flight[STORE_ROOM_TOPS], 1);
	assert_int_equal(heard(bob, "message.created", NULL), (MANY + 36) / 37);
	fixture_finish(&h.f);
}

/* ---- the same over a real database ---- */

enum { TIMES = 30, FIRST_SEQ = 4, TURNS_MAX = 600000 };

static void turn(struct store_fixture *f, struct conn *c)
{
	fake_clock_advance_ns(1000000);
	loop_run_once(f->loop);
	fake_conn_flush(c);
	nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL); /* the store's threads are real */
}

static void await_reply(struct store_fixture *f, struct conn *c, const char *ref)
{
	for (int i = 0; !reply_to(c, ref); i++) {
		assert_true(i < TURNS_MAX);
		turn(f, c);
	}
	assert_string_equal(code_of(c, ref), "ok");
}

/* A second writer: its commits go past the chat, as another server's do. */
static void two_writers_over_one_sqlite_file(void **state)
{
	(void)state;
	struct store_fixture *f = store_fixture_new("/tmp");
	assert_true(store_fixture_open(f));
	f->store->is_shared = true;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_GUEST), room = make_room(f, "den", ann);
	join_room(f, room, bob);
	struct chat_config config = {.limits = limits_default(), .guests = true, .heartbeat_ms = 25000, .server_name = "parley/test"};
	struct chat *chat = chat_new(f->loop, f->store, &f->metrics, &config);
	struct store_token_create token = {.user_no = ann, .kind = TOKEN_SESSION};
	secret_token_hash("a token", 7, token.hash);
	assert_int_equal(store_fixture_do(f, &token.op, STORE_TOKEN_CREATE), 0);
	struct conn *c = fake_conn_open(chat, &(struct session_config){.transport = TRANSPORT_WEBSOCKET});
	say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"a token\"}}");
	await_reply(f, c, "s");
	for (int i = 0; i < TIMES; i++) {
		char ref[16];
		snprintf(ref, sizeof(ref), "%d", i);
		assert_int_equal(send_text(f, room, bob, "{\"text\":\"of another\"}"), FIRST_SEQ + 2 * i);
		say(c, "{\"type\":\"message.send\",\"ref\":\"%s\",\"data\":{\"room\":\"den\",\"text\":\"of our own\"}}", ref);
		await_reply(f, c, ref);
		assert_int_equal(number_of(data_of(c, ref), "seq"), FIRST_SEQ + 2 * i + 1);
	}
	assert_int_equal(send_text(f, room, bob, "{\"text\":\"the last one, and nothing follows\"}"), FIRST_SEQ + 2 * TIMES);
	for (int i = 0; heard(c, "message.created", NULL) < 2 * TIMES + 1; i++) {
		assert_true(i < TURNS_MAX);
		turn(f, c);
	}
	char id[UID_TEXT_BYTES + 1];
	snprintf(id, sizeof(id), "%s", json_string_value(json_object_get(data_of(c, "0"), "room")));
	struct uid room_id;
	assert_true(uid_parse(id, UID_TEXT_BYTES, &room_id));
	assert_seqs(c, &room_id, 0, FIRST_SEQ, FIRST_SEQ + 2 * TIMES);
	fake_conn_free(c);
	chat_lose_store(chat);
	store_fixture_close(f);
	chat_destroy(chat);
	store_fixture_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memberships_of_others_are_read_again_after_an_outage),
		cmocka_unit_test(an_outage_leaves_the_store_room_for_others),
		cmocka_unit_test(missed_events_come_with_the_next_question_in_order_and_once),
		cmocka_unit_test(a_store_of_our_own_is_not_asked),
		cmocka_unit_test(rooms_that_nobody_follows_are_not_asked_for),
		cmocka_unit_test(there_are_never_two_questions_at_once),
		cmocka_unit_test(a_question_that_fails_waits_for_the_next_second),
		cmocka_unit_test(an_outage_is_made_up_for_at_once),
		cmocka_unit_test(many_rooms_go_in_chunks_each_once_a_second),
		cmocka_unit_test(two_writers_over_one_sqlite_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
