/* The state of an account with many rooms is made over several turns: what happens meanwhile is in it or follows it, once. */
#include "chat_house.h"

enum { MORE_ROOMS = 100, ALL_ROOMS = ROOMS + MORE_ROOMS, SLICES = (ALL_ROOMS + 15) / 16 };

struct hall {
	struct house h;
	uint64_t rooms[MORE_ROOMS];
	struct conn *other; /* bob's, signed in before */
};

/* A turn that makes a slice shows nothing, so it does not count as the end. */
static void settle(struct hall *w)
{
	for (int i = 0; i < 20 * SLICES; i++) {
		fixture_run(&w->h.f, -1);
		fixture_turn(&w->h.f);
	}
}

/* Begun, and after so many turns not done. */
static struct conn *begin(struct hall *w, unsigned n_turns)
{
	struct conn *c = fixture_websocket(&w->h.f);
	say(c, "{\"ref\":\"s\",\"type\":\"session.start\",\"data\":{\"token\":\"%s\"}}", w->h.bob_token);
	fixture_turn(&w->h.f);
	held_store_deliver(w->h.f.store, held_store_find(w->h.f.store, STORE_SIGN_IN));
	for (unsigned i = 0; i < n_turns; i++)
		fixture_turn(&w->h.f);
	assert_string_equal(code_of(c, "s"), "");
	return c;
}

static void hall_setup(struct hall *w)
{
	*w = (struct hall){0};
	house_setup(&w->h, 2);
	w->h.f.config.sweep_slice = 1; /* 16 rooms */
	for (int i = 0; i < MORE_ROOMS; i++) {
		char name[16];
		snprintf(name, sizeof name, "more%d", i);
		w->rooms[i] = held_store_add_room(w->h.f.store, name, ROOM_PUBLIC, w->h.ann);
		held_store_add_member(w->h.f.store, w->rooms[i], w->h.bob);
		held_store_add_messages(w->h.f.store, w->rooms[i], w->h.ann, 2);
	}
	held_store_add_room(w->h.f.store, "new", ROOM_PUBLIC, w->h.ann);
	fixture_start(&w->h.f);
	w->other = begin(w, 0);
	settle(w);
	assert_string_equal(code_of(w->other, "s"), "ok");
	w->h.writer = fixture_websocket(&w->h.f);
	say(w->h.writer, "{\"type\":\"session.start\",\"data\":{\"token\":\"%s\"}}", w->h.ann_token);
	settle(w);
}

/* What the reply says of a room. */
static const json_t *told_room(const struct conn *c, const struct uid *id)
{
	size_t i;
	const json_t *room;
	json_array_foreach(json_object_get(data_of(c, "s"), "rooms"), i, room) {
		if (strcmp(json_string_value(json_object_get(room, "id")), id_text(id)) == 0)
			return room;
	}
	fail();
	return NULL;
}

/* The reply comes before every event, has all rooms, and what is new in a room follows behind the last_seq that it tells. */
static void assert_whole(struct hall *w, const struct conn *c, size_t n_rooms)
{
	assert_string_equal(code_of(c, "s"), "ok");
	assert_ptr_equal(json_array_get(c->heard, 1), reply_to(c, "s")); /* behind hello */
	assert_int_equal(json_array_size(json_object_get(data_of(c, "s"), "rooms")), n_rooms);
	for (int i = 0; i < MORE_ROOMS; i++) {
		const struct uid *id = room_id_of(&w->h.f, w->rooms[i]);
		uint64_t told = number_of(told_room(c, id), "last_seq"), last = held_store_last_seq(w->h.f.store, w->rooms[i]);
		assert_true(told <= last);
		if (told < last)
			assert_seqs(c, id, 0, told + 1, last);
	}
}

static void send_to(struct hall *w, int room)
{
	say(w->h.writer, "{\"type\":\"message.send\",\"data\":{\"room\":\"more%d\",\"text\":\"hello\"}}", room);
	held_store_deliver(w->h.f.store, held_store_find(w->h.f.store, STORE_APPEND));
}

/* Asks, and has the store do it. */
static void ask(struct hall *w, struct conn *c, const char *frame, enum store_op_kind kind)
{
	say(c, "%s", frame);
	fixture_turn(&w->h.f);
	struct store_op *op = held_store_find(w->h.f.store, kind);
	if (op)
		held_store_deliver(w->h.f.store, op);
}

static uint64_t last_in(const struct hall *w, int room)
{
	return held_store_last_seq(w->h.f.store, w->rooms[room]);
}

/* Bob has read all of the room: news for his sessions. */
static void mark(struct hall *w, int room)
{
	char frame[100];
	snprintf(frame, sizeof frame, "{\"type\":\"read.mark\",\"data\":{\"room\":\"more%d\",\"seq\":%d}}", room, (int)last_in(w, room));
	ask(w, w->other, frame, STORE_READ_MARK);
}

static void what_comes_meanwhile_follows_the_reply(void **state)
{
	(void)state;
	struct hall w;
	hall_setup(&w);
	for (unsigned n_turns = 0; n_turns + 3 < SLICES; n_turns++) {
		struct conn *c = begin(&w, n_turns);
		send_to(&w, 0);
		for (int i = 0; i < 4; i++)
			fixture_turn(&w.h.f); /* its turn comes: a sweep serves one reader a turn here, and the room has three */
		for (int i = 1; i < MORE_ROOMS; i += 9)
			send_to(&w, i);
		settle(&w);
		assert_whole(&w, c, ALL_ROOMS);
		assert_int_equal(heard(c, "message.created", NULL) > 0, 1); /* of rooms that were in the state by then */
		send_to(&w, 0);
		settle(&w);
		assert_whole(&w, c, ALL_ROOMS);
		fake_conn_close_session(c);
	}
	fixture_finish(&w.h.f);
}

static void a_room_joined_meanwhile_is_in_the_reply(void **state)
{
	(void)state;
	struct hall w;
	hall_setup(&w);
	struct conn *c = begin(&w, 2);
	say(w.other, "{\"ref\":\"j\",\"type\":\"room.join\",\"data\":{\"room\":\"new\"}}");
	settle(&w);
	assert_string_equal(code_of(w.other, "j"), "ok");
	assert_whole(&w, c, ALL_ROOMS + 1);
	assert_int_equal(heard(c, "room.added", NULL), 0);
	say(w.other, "{\"ref\":\"l\",\"type\":\"room.leave\",\"data\":{\"room\":\"new\"}}");
	settle(&w);
	assert_int_equal(heard(c, "room.removed", NULL), 1);
	fixture_finish(&w.h.f);
}

static void what_changes_meanwhile_is_in_the_reply(void **state)
{
	(void)state;
	struct hall w;
	hall_setup(&w);
	const struct uid *marked = room_id_of(&w.h.f, w.rooms[0]);
	struct conn *c = begin(&w, 0); /* both rooms are in the first slice */
	mark(&w, 0);
	ask(&w, w.other, "{\"ref\":\"l\",\"type\":\"room.leave\",\"data\":{\"room\":\"more1\"}}", STORE_LEAVE);
	assert_string_equal(code_of(c, "s"), "");
	settle(&w);
	assert_string_equal(code_of(w.other, "l"), "ok");
	assert_string_equal(code_of(c, "s"), "ok");
	assert_int_equal(json_array_size(json_object_get(data_of(c, "s"), "rooms")), ALL_ROOMS - 1);
	assert_int_equal(number_of(told_room(c, marked), "read_seq"), last_in(&w, 0));
	assert_true(last_in(&w, 0) > 3);
	assert_int_equal(heard(c, "read.marked", NULL) + heard(c, "room.removed", NULL), 0);
	fixture_finish(&w.h.f);
}

static void news_without_end_do_not_hold_it_up(void **state)
{
	(void)state;
	struct hall w;
	hall_setup(&w);
	struct conn *c = begin(&w, 1);
	int turns = 0;
	for (; code_of(c, "s")[0] == '\0'; turns++) {
		assert_true(turns < 2 * SLICES);
		mark(&w, turns);
	}
	settle(&w);
	assert_whole(&w, c, ALL_ROOMS);
	fixture_finish(&w.h.f);
}

static void a_session_that_leaves_meanwhile_leaves_nothing(void **state)
{
	(void)state;
	struct hall w;
	hall_setup(&w);
	fake_conn_close_session(begin(&w, 2));
	settle(&w);
	struct conn *c = begin(&w, 2); /* under way at the end */
	fake_conn_close_session(c);
	fixture_finish(&w.h.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_meanwhile_follows_the_reply),         cmocka_unit_test(a_room_joined_meanwhile_is_in_the_reply),
		cmocka_unit_test(what_changes_meanwhile_is_in_the_reply),         cmocka_unit_test(news_without_end_do_not_hold_it_up),
		cmocka_unit_test(a_session_that_leaves_meanwhile_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
