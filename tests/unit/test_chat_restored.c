/* The database is set back to an earlier state under live sessions: all come back for the whole state, and nobody is shown data that does not exist any more. */
#include "chat_house.h"

#include "chat/user.h"
#include "chat/user_refresh.h"
#include "room/room.h"

#include <errno.h>
#include <string.h>

/* A backup is made of the house; then there are five messages in each of its rooms. */
static void setup(struct house *h)
{
	house_setup(h, 0);
	held_store_back_up(h->f.store);
	for (int i = 0; i < ROOMS; i++)
		held_store_add_messages(h->f.store, h->rooms[i], h->ann, 5);
}

static void assert_sent_away(struct conn *c)
{
	json_t *leaving = NULL;
	assert_int_equal(heard(c, "server.leaving", &leaving), 1);
	assert_true(json_is_integer(json_object_get(json_object_get(leaving, "data"), "retry_after_ms")));
	assert_true(c->is_closing);
	assert_int_equal(c->reason, CLOSE_RESTORED);
	fake_conn_close_session(c);
}

static struct conn *come_back(struct house *h, const char *epoch, const char *on_gap, const uint64_t cursors[ROOMS])
{
	struct conn *c = fixture_websocket(&h->f);
	say(c,
	    "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"epoch\":\"%s\",\"on_gap\":\"%s\","
	    "\"resume\":{\"%s\":%d,\"%s\":%d,\"%s\":%d}}}",
	    h->bob_token, epoch, on_gap, id_text(room_id_of(&h->f, h->rooms[0])), (int)cursors[0], id_text(room_id_of(&h->f, h->rooms[1])),
	    (int)cursors[1], id_text(room_id_of(&h->f, h->rooms[2])), (int)cursors[2]);
	fixture_run(&h->f, -1);
	assert_string_equal(code_of(c, "s"), "ok");
	return c;
}

static struct conn *follow(struct house *h, const char *on_gap)
{
	struct conn *c = fixture_websocket(&h->f);
	say(c, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"on_gap\":\"%s\"}}", h->bob_token, on_gap);
	fixture_run(&h->f, -1);
	assert_string_equal(code_of(c, "s"), "ok");
	return c;
}

static const json_t *told_room(const struct conn *c, const struct uid *id)
{
	size_t at;
	json_t *room;
	json_array_foreach(json_object_get(data_of(c, "s"), "rooms"), at, room) {
		if (strcmp(json_string_value(json_object_get(room, "id")), id_text(id)) == 0)
			return room;
	}
	return NULL;
}

static void live_sessions_of_both_kinds_end_with_what_there_is(void **state)
{
	(void)state;
	static const char *const kinds[] = {"replay", "skip"};
	for (int kind = 0; kind < 2; kind++) {
		struct house h = {0};
		house_setup(&h, 5);
		house_start(&h);
		char epoch[sizeof(h.f.store->base.epoch)];
		memcpy(epoch, h.f.store->base.epoch, sizeof(epoch));
		struct conn *bob = follow(&h, kinds[kind]);
		held_store_back_up(h.f.store);
		uint64_t kept = last_seq(&h, 0);
		send_many(&h, 0, 3);
		fixture_run(&h.f, -1);
		uint64_t cursors[ROOMS] = {last_seq(&h, 0), last_seq(&h, 1), last_seq(&h, 2)};
		assert_seqs(bob, room_id_of(&h.f, h.rooms[0]), 0, kept + 1, kept + 3);

		held_store_set_back(h.f.store);
		assert_int_equal(h.f.metrics.readers, 0); /* at once: nobody gets an event of the other history */
		fixture_turns(&h.f);
		assert_sent_away(bob);
		assert_sent_away(h.writer);

		h.writer = fixture_signed_in(&h.f, h.ann_token);
		send_one(&h, 0); /* a seq that was another event before */
		fixture_run(&h.f, -1);
		struct conn *again = come_back(&h, epoch, kinds[kind], cursors);
		const struct uid *room = room_id_of(&h.f, h.rooms[0]);
		assert_string_equal(json_string_value(json_object_get(data_of(again, "s"), "epoch")), h.f.store->base.epoch);
		assert_string_not_equal(epoch, h.f.store->base.epoch);
		assert_int_equal(number_of(told_room(again, room), "last_seq"), kept + 1);
		json_t *gap = NULL;
		assert_int_equal(heard(again, "room.gap", &gap), ROOMS);
		assert_string_equal(json_string_value(json_object_get(json_object_get(gap, "data"), "reason")), "restored");
		send_one(&h, 0);
		fixture_run(&h.f, -1);
		assert_seqs(again, room, 0, 1, kept + 2);
		fixture_finish(&h.f);
	}
}

static void event_streams_end_and_are_taken_up_in_the_new_epoch(void **state)
{
	(void)state;
	struct house h = {0};
	setup(&h);
	house_start(&h);
	struct text rooms[] = {{"r1", 2}};
	struct conn *stream = fixture_open(&h.f, TRANSPORT_STREAM, h.bob_token);
	session_stream_request(stream->session, rooms, 1, (struct text){0});
	fixture_run(&h.f, -1);
	send_many(&h, 0, 3);
	char cursor[120];
	snprintf(cursor, sizeof(cursor), "%s:%d@%s", id_text(room_id_of(&h.f, h.rooms[0])), (int)last_seq(&h, 0), h.f.store->base.epoch);
	held_store_set_back(h.f.store);
	fixture_turns(&h.f);
	assert_true(stream->is_closing);
	assert_int_equal(stream->reason, CLOSE_RESTORED);
	fake_conn_close_session(stream);
	stream = fixture_open(&h.f, TRANSPORT_STREAM, h.bob_token);
	session_stream_request(stream->session, rooms, 1, (struct text){cursor, strlen(cursor)});
	fixture_run(&h.f, -1);
	buf_append_byte(&stream->stream, 0);
	assert_non_null(strstr((const char *)stream->stream.data, "\"reason\":\"restored\""));
	assert_non_null(strstr((const char *)stream->stream.data, h.f.store->base.epoch));
	fixture_finish(&h.f);
}

static void rooms_members_and_names_are_read_again(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 5);
	held_store_remove_member(h.f.store, h.rooms[0], h.bob);
	held_store_back_up(h.f.store);
	held_store_add_member(h.f.store, h.rooms[0], h.bob);
	house_start(&h);
	struct conn *bob = follow(&h, "replay");
	say(h.writer, "{\"type\":\"room.update\",\"ref\":\"u\",\"data\":{\"room\":\"r2\",\"name\":\"attic\",\"topic\":\"dust\"}}");
	fixture_run(&h.f, -1);
	assert_string_equal(code_of(h.writer, "u"), "ok");
	held_store_set_back(h.f.store);
	fixture_turns(&h.f);
	assert_sent_away(bob);
	struct conn *again = follow(&h, "replay");
	assert_null(told_room(again, room_id_of(&h.f, h.rooms[0]))); /* bob had joined since */
	const json_t *room = told_room(again, room_id_of(&h.f, h.rooms[1]));
	assert_string_equal(json_string_value(json_object_get(room, "name")), "r2");
	assert_string_equal(json_string_value(json_object_get(room, "topic")), "");
	say(again, "{\"type\":\"room.get\",\"ref\":\"old\",\"data\":{\"room\":\"attic\"}}");
	say(again, "{\"type\":\"room.get\",\"ref\":\"new\",\"data\":{\"room\":\"r2\"}}");
	say(again, "{\"type\":\"history.read\",\"ref\":\"h\",\"data\":{\"room\":\"r1\"}}");
	fixture_run(&h.f, -1);
	assert_string_equal(code_of(again, "old"), "not_found");
	assert_string_equal(code_of(again, "new"), "ok");
	assert_string_equal(code_of(again, "h"), "forbidden");
	fixture_finish(&h.f);
}

static void what_was_in_flight_is_answered(void **state)
{
	(void)state;
	struct house h = {0};
	setup(&h);
	house_start(&h);
	struct conn *bob = follow(&h, "replay"), *http = fixture_open(&h.f, TRANSPORT_HTTP, h.bob_token);
	struct conn *later = fixture_websocket(&h.f), *fresh = fixture_websocket(&h.f);
	static const char body[] = "{\"room\":\"r1\",\"text\":\"over HTTP\"}";
	session_http_request(http->session, CMD_MESSAGE_SEND, (const uint8_t *)body, sizeof(body) - 1);
	held_store_deliver(h.f.store, held_store_find(h.f.store, STORE_SIGN_IN));
	say(bob, "{\"type\":\"message.send\",\"ref\":\"m\",\"data\":{\"room\":\"r1\",\"text\":\"x\"}}");
	say(bob, "{\"type\":\"history.read\",\"ref\":\"h\",\"data\":{\"room\":\"r1\"}}");
	say(later, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\"}}", h.bob_token);
	held_store_set_back(h.f.store);
	say(bob, "{\"type\":\"message.send\",\"ref\":\"void\",\"data\":{\"room\":\"r1\",\"text\":\"into a room that is none\"}}");
	size_t n_appends = h.f.store->n_submitted[STORE_APPEND];
	fixture_run(&h.f, -1);
	assert_int_equal(h.f.store->n_submitted[STORE_APPEND], n_appends); /* no number of the old history reaches the new one */
	assert_string_equal(code_of(bob, "m"), "unavailable");
	assert_string_equal(code_of(bob, "h"), "unavailable");
	assert_string_equal(code_of(bob, "void"), "unavailable");
	assert_string_equal(code_of(later, "s"), "unavailable");
	assert_int_equal(http->last_code, WIRE_UNAVAILABLE);
	assert_sent_away(bob);
	assert_false(later->is_closing); /* a user who is not signed in knows nothing that is void */
	assert_false(fresh->is_closing);
	say(fresh, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\"}}", h.bob_token);
	fixture_run(&h.f, -1);
	assert_int_equal(number_of(told_room(fresh, room_id_of(&h.f, h.rooms[0])), "last_seq"), 3);
	fixture_finish(&h.f);
}

/* One whose state is made over several turns, and one who is behind the ring with a page that the socket does not take. */
static void those_in_the_middle_of_something_are_sent_away(void **state)
{
	(void)state;
	struct house h = {0};
	setup(&h);
	held_store_add_messages(h.f.store, h.rooms[0], h.ann, 300);
	h.f.config.sweep_slice = 1; /* 16 rooms */
	for (int i = 0; i < 40; i++) {
		char name[16];
		snprintf(name, sizeof(name), "more%d", i);
		held_store_add_member(h.f.store, held_store_add_room(h.f.store, name, ROOM_PUBLIC, h.ann), h.bob);
	}
	fixture_start(&h.f);
	struct conn *behind = fixture_websocket(&h.f), *starting;
	say(behind, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"resume\":{\"%s\":0}}}", h.bob_token,
	    id_text(room_id_of(&h.f, h.rooms[0])));
	while (!reply_to(behind, "s")) {
		held_store_settle(h.f.store, STORE_LOG_PAGE);
		fixture_turn(&h.f);
	}
	fixture_turns(&h.f);
	behind->blocked = true;
	held_store_deliver(h.f.store, held_store_find(h.f.store, STORE_LOG_PAGE));
	starting = fixture_websocket(&h.f);
	say(starting, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\"}}", h.bob_token);
	held_store_deliver(h.f.store, held_store_find(h.f.store, STORE_SIGN_IN));
	assert_string_equal(code_of(starting, "s"), "");
	held_store_set_back(h.f.store);
	behind->blocked = false;
	fixture_run(&h.f, -1);
	assert_string_equal(code_of(starting, "s"), "unavailable");
	assert_sent_away(starting);
	assert_sent_away(behind);
	assert_int_equal(heard(behind, "message.created", NULL), 0);
	fixture_finish(&h.f);
}

/* A hole that could not be fetched, and news of a room that was joined: both wait for data that does not exist any more. */
static void what_waits_is_void(void **state)
{
	(void)state;
	struct house h = {0};
	setup(&h);
	held_store_add_room(h.f.store, "hut", ROOM_PUBLIC, h.ann);
	house_start(&h);
	held_store_share(h.f.store);
	held_store_back_up(h.f.store);
	struct conn *bob = follow(&h, "replay");
	uint64_t last = last_seq(&h, 0);
	held_store_add_messages(h.f.store, h.rooms[0], h.ann, 3); /* by another writer */
	room_offer(room_by_id(&h.f.chat->rooms, room_id_of(&h.f, h.rooms[0])), held_store_event(h.f.store, h.rooms[0], last + 3));
	say(h.writer, "{\"type\":\"member.add\",\"ref\":\"a\",\"data\":{\"room\":\"hut\",\"user\":\"bob\"}}");
	held_store_deliver(h.f.store, held_store_find(h.f.store, STORE_ROOM_FIND));
	held_store_deliver(h.f.store, held_store_find(h.f.store, STORE_JOIN));
	assert_non_null(user_by_no(h.f.chat, h.bob));
	held_store_set_back(h.f.store);
	size_t n_pages = h.f.store->n_submitted[STORE_LOG_PAGE];
	fixture_run(&h.f, -1);
	fixture_pass_ms(&h.f, 3000); /* the connections are not gone yet */
	fixture_run(&h.f, -1);
	assert_int_equal(h.f.metrics.readers, 0);
	assert_int_equal(h.f.store->n_submitted[STORE_LOG_PAGE], n_pages);
	assert_int_equal(n_rooms_asked_for(&h), 1);
	assert_int_equal(heard(bob, "room.added", NULL), 0);
	assert_sent_away(bob);
	fixture_finish(&h.f);
}

/* The requests are answered when an event of their room is let out, and that is behind a hole. */
static void requests_that_wait_for_an_event_are_answered(void **state)
{
	(void)state;
	struct house h = {0};
	setup(&h);
	uint64_t hut = held_store_add_room(h.f.store, "hut", ROOM_PUBLIC, h.ann);
	held_store_share(h.f.store);
	held_store_back_up(h.f.store);
	house_start(&h);
	struct conn *bob = follow(&h, "replay"), *http = fixture_open(&h.f, TRANSPORT_HTTP, h.bob_token);
	static const char join[] = "{\"room\":\"hut\"}";
	say(h.writer, "{\"type\":\"room.update\",\"ref\":\"u\",\"data\":{\"room\":\"r2\",\"topic\":\"dust\"}}");
	held_store_deliver(h.f.store, held_store_find(h.f.store, STORE_ROOM_FIND));
	held_store_add_messages(h.f.store, hut, h.ann, 3); /* by another writer */
	held_store_add_messages(h.f.store, h.rooms[0], h.ann, 3);
	held_store_add_messages(h.f.store, h.rooms[1], h.ann, 3);
	session_http_request(http->session, CMD_ROOM_JOIN, (const uint8_t *)join, sizeof(join) - 1);
	held_store_deliver(h.f.store, held_store_find(h.f.store, STORE_SIGN_IN));
	say(bob, "{\"type\":\"room.join\",\"ref\":\"j\",\"data\":{\"room\":\"hut\"}}");
	say(bob, "{\"type\":\"room.leave\",\"ref\":\"l\",\"data\":{\"room\":\"r1\"}}");
	while (held_store_settle(h.f.store, STORE_LOG_PAGE))
		fixture_turns(&h.f);
	assert_int_equal(h.f.store->n_in_flight[STORE_LOG_PAGE], ROOMS); /* each waits for its hole */
	assert_int_equal(json_array_size(http->heard), 0);
	assert_true(!reply_to(bob, "j") && !reply_to(bob, "l"));
	held_store_set_back(h.f.store);
	fixture_turns(&h.f);
	assert_int_equal(http->last_code, WIRE_UNAVAILABLE);
	assert_string_equal(code_of(bob, "j"), "unavailable");
	assert_string_equal(code_of(bob, "l"), "unavailable");
	assert_string_equal(code_of(h.writer, "u"), "ok"); /* said when it was committed */
	assert_int_equal(h.f.metrics.readers, 0);
	fixture_run(&h.f, -1); /* the server's log is looked for */
	assert_int_equal(chat_pending(h.f.chat), 0);
	fixture_finish(&h.f);
}

/* One account is being read again, another waits for the store to take it. */
static void accounts_are_not_read_again_any_more(void **state)
{
	(void)state;
	struct house h = {0};
	setup(&h);
	house_start(&h);
	follow(&h, "replay");
	user_refresh(user_by_no(h.f.chat, h.bob));
	h.f.store->refuses = -EBUSY;
	user_refresh(user_by_no(h.f.chat, h.ann));
	h.f.store->refuses = 0;
	assert_int_equal(h.f.store->n_in_flight[STORE_SIGN_IN], 1);
	held_store_set_back(h.f.store);
	size_t n_asked = h.f.store->n_submitted[STORE_SIGN_IN];
	fixture_pass_ms(&h.f, 3000); /* the connections are not gone yet */
	fixture_run(&h.f, -1);
	assert_int_equal(h.f.store->n_submitted[STORE_SIGN_IN], n_asked);
	assert_int_equal(chat_pending(h.f.chat), 0);
	fixture_finish(&h.f);
}

/* A connection that is slow to go keeps its void user and rooms, while the same user and rooms are in memory again. */
static void what_is_void_leaves_memory_alone(void **state)
{
	(void)state;
	struct house h = {0};
	setup(&h);
	h.f.config.room_idle_ms = 1000;
	house_start(&h);
	struct conn *bob = follow(&h, "replay");
	held_store_set_back(h.f.store);
	fixture_turns(&h.f);
	struct conn *again = follow(&h, "replay");
	assert_ptr_not_equal(again->session->user, bob->session->user);
	fake_conn_close_session(bob);
	fake_conn_close_session(h.writer);
	fixture_pass_ms(&h.f, 5000);
	assert_ptr_equal(user_by_no(h.f.chat, h.bob), again->session->user);
	for (int i = 0; i < ROOMS; i++)
		assert_non_null(room_by_id(&h.f.chat->rooms, room_id_of(&h.f, h.rooms[i])));
	assert_int_equal(h.f.metrics.users_loaded, 1);
	assert_int_equal(h.f.metrics.rooms_loaded, ROOMS);
	fixture_finish(&h.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(live_sessions_of_both_kinds_end_with_what_there_is),
		cmocka_unit_test(event_streams_end_and_are_taken_up_in_the_new_epoch),
		cmocka_unit_test(rooms_members_and_names_are_read_again),
		cmocka_unit_test(what_was_in_flight_is_answered),
		cmocka_unit_test(those_in_the_middle_of_something_are_sent_away),
		cmocka_unit_test(what_waits_is_void),
		cmocka_unit_test(requests_that_wait_for_an_event_are_answered),
		cmocka_unit_test(accounts_are_not_read_again_any_more),
		cmocka_unit_test(what_is_void_leaves_memory_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
