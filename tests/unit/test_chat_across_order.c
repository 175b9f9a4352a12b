/* A chat on a bus, on a store that holds its answers: what the bus brings and what the store answers meet in every order. */
#include "chat_house.h"

#include "chat/across.h"
#include "memory_bus.h"
#include "room/room.h"
#include "store/notices.h"

#include <string.h>

struct den {
	struct house h;
	struct memory_hub *hub;
	struct conn *bob;
	uint64_t last; /* of the first room, when bob came */
};

/* Bob is in the rooms, whose channels are not heard yet. */
static void den_setup(struct den *d)
{
	*d = (struct den){.hub = memory_hub_new()};
	house_setup(&d->h, 5);
	d->h.f.config.bus = &d->hub->buses[0].base;
	house_start(&d->h);
	held_store_share(d->h.f.store);
	fixture_pass_ms(&d->h.f, FOLLOW_EVERY_MS + FOLLOW_VARY_MS); /* the server's log is found */
	fixture_run(&d->h.f, -1);
	fake_conn_close_session(d->h.writer); /* nobody reads the rooms */
	d->bob = fixture_signed_in(&d->h.f, d->h.bob_token);
	d->last = last_seq(&d->h, 0);
	memset(d->h.f.store->n_submitted, 0, sizeof(d->h.f.store->n_submitted));
}

static void den_finish(struct den *d)
{
	fixture_finish(&d->h.f);
	memory_hub_free(d->hub);
}

static size_t n_asked(const struct den *d, enum store_op_kind kind)
{
	return d->h.f.store->n_submitted[kind];
}

static void another_commits(struct den *d, size_t n)
{
	held_store_add_messages(d->h.f.store, d->h.rooms[0], d->h.ann, n);
}

/* The other instance's word of this event. */
static void bus_brings(struct den *d, uint64_t seq)
{
	auto_buf packed = BUF_INIT;
	struct event *e = held_store_event(d->h.f.store, d->h.rooms[0], seq);
	const struct bus_listener *l = &d->hub->buses[0].base.listener;
	event_pack(e, &packed);
	l->arrived(l->arg, d->h.rooms[0], BUS_EVENT, packed.data, packed.len);
	event_free(e);
	fixture_turns(&d->h.f);
}

static void assert_heard(const struct den *d, size_t n)
{
	assert_seqs(d->bob, room_id_of(&d->h.f, d->h.rooms[0]), 0, d->last + 1, d->last + n);
}

static struct store_op *asked_for(struct den *d, enum store_op_kind kind)
{
	fixture_turns(&d->h.f);
	struct store_op *op = held_store_find(d->h.f.store, kind);
	assert_non_null(op);
	return op;
}

static bool follows(const struct den *d, uint64_t channel)
{
	const struct memory_bus *b = &d->hub->buses[0];
	for (size_t i = 0; i < b->n_channels; i++)
		if (b->channels[i].no == channel)
			return true;
	return false;
}

static void a_room_has_a_channel_while_it_has_readers(void **state)
{
	(void)state;
	struct den d;
	den_setup(&d);
	assert_int_equal(d.hub->buses[0].n_channels, ROOMS + 1);
	assert_true(follows(&d, SERVER_LOG_ROOM_NO));
	for (int i = 0; i < ROOMS; i++)
		assert_true(follows(&d, d.h.rooms[i]));
	fake_conn_close_session(d.bob);
	assert_int_equal(d.hub->buses[0].n_channels, 1);
	assert_int_equal(d.hub->buses[0].n_begun, 1);
	den_finish(&d);
}

static void the_store_is_asked_once_as_soon_as_rooms_are_heard(void **state)
{
	(void)state;
	struct den d;
	den_setup(&d);
	another_commits(&d, 2); /* and nobody heard it */
	memory_hub_confirm(d.hub);
	const struct store_room_tops *tops = list_entry(asked_for(&d, STORE_ROOM_TOPS), struct store_room_tops, op);
	assert_int_equal(tops->n_rooms, ROOMS + 1);
	fixture_run(&d.h.f, -1);
	fixture_pass_ms(&d.h.f, ACROSS_PATIENCE_MS + 1);
	fixture_run(&d.h.f, -1);
	assert_heard(&d, 2);
	assert_int_equal(n_asked(&d, STORE_ROOM_TOPS), 1);
	den_finish(&d);
}

/* A question that is under way when the bus comes back does not count: what it finds may be older than what was missed. */
static void a_bus_that_is_back_is_not_content_with_a_question_under_way(void **state)
{
	(void)state;
	struct den d;
	den_setup(&d);
	memory_hub_confirm(d.hub);
	struct store_op *before = asked_for(&d, STORE_ROOM_TOPS);
	held_store_work(d.h.f.store, before);
	another_commits(&d, 1);
	const struct bus_listener *l = &d.hub->buses[0].base.listener;
	d.hub->buses[0].base.state = BUS_DEGRADED; /* its probe was lost: no channel was, and none is heard anew */
	l->changed(l->arg);
	d.hub->buses[0].base.state = BUS_WHOLE;
	l->changed(l->arg);
	fixture_turns(&d.h.f);
	held_store_deliver(d.h.f.store, before);
	fixture_run(&d.h.f, -1);
	fixture_pass_ms(&d.h.f, ACROSS_PATIENCE_MS + 1);
	fixture_run(&d.h.f, -1);
	assert_heard(&d, 1);
	assert_int_equal(n_asked(&d, STORE_ROOM_TOPS), 2);
	den_finish(&d);
}

/* While a question is under way, rooms that are heard get the next one, before all others. */
static void rooms_that_are_heard_meanwhile_are_asked_for_next(void **state)
{
	(void)state;
	struct den d;
	den_setup(&d);
	const struct bus_listener *l = &d.hub->buses[0].base.listener;
	l->hears(l->arg, &d.h.rooms[1], 1);
	struct store_op *first = asked_for(&d, STORE_ROOM_TOPS);
	l->hears(l->arg, &d.h.rooms[0], 1);
	l->hears(l->arg, &d.h.rooms[2], 1);
	fixture_turns(&d.h.f);
	assert_int_equal(n_asked(&d, STORE_ROOM_TOPS), 1);
	held_store_deliver(d.h.f.store, first);
	const struct store_room_tops *next = list_entry(asked_for(&d, STORE_ROOM_TOPS), struct store_room_tops, op);
	assert_int_equal(next->n_rooms, 2);
	fixture_run(&d.h.f, -1);
	assert_int_equal(n_asked(&d, STORE_ROOM_TOPS), 2);
	den_finish(&d);
}

static void a_message_between_the_stores_answer_and_the_bus_comes_once(void **state)
{
	(void)state;
	for (int after_answer = 0; after_answer < 2; after_answer++) {
		struct den d;
		den_setup(&d);
		memory_hub_confirm(d.hub);
		struct store_op *tops = asked_for(&d, STORE_ROOM_TOPS);
		if (!after_answer)
			held_store_work(d.h.f.store, tops); /* it does not know of the message */
		another_commits(&d, 1);
		if (!after_answer)
			bus_brings(&d, d.last + 1);
		held_store_deliver(d.h.f.store, tops);
		if (after_answer)
			bus_brings(&d, d.last + 1);
		fixture_pass_ms(&d.h.f, 2 * ACROSS_PATIENCE_MS);
		fixture_run(&d.h.f, -1);
		assert_heard(&d, 1);
		assert_int_equal(n_asked(&d, STORE_LOG_PAGE), 0);
		den_finish(&d);
	}
}

static void what_comes_while_the_hole_is_fetched_comes_once(void **state)
{
	(void)state;
	struct den d;
	den_setup(&d);
	memory_hub_confirm(d.hub);
	fixture_run(&d.h.f, -1);
	another_commits(&d, 3);
	bus_brings(&d, d.last + 3);
	fixture_pass_ms(&d.h.f, ACROSS_PATIENCE_MS + 1);
	struct store_op *page = asked_for(&d, STORE_LOG_PAGE);
	held_store_work(d.h.f.store, page);
	bus_brings(&d, d.last + 1);
	assert_heard(&d, 1);
	bus_brings(&d, d.last + 2);
	assert_heard(&d, 3);
	held_store_deliver(d.h.f.store, page);
	fixture_run(&d.h.f, -1);
	assert_heard(&d, 3);
	den_finish(&d);
}

/* A reader far behind reads on from the log, while the bus brings what is new. */
static void a_message_between_back_fill_and_live_comes_once(void **state)
{
	(void)state;
	for (int while_page_is_read = 0; while_page_is_read < 2; while_page_is_read++) {
		struct den d;
		den_setup(&d);
		memory_hub_confirm(d.hub);
		fixture_run(&d.h.f, -1);
		const struct uid *room = room_id_of(&d.h.f, d.h.rooms[0]);
		struct conn *late = fixture_websocket(&d.h.f);
		say(late, "{\"type\":\"session.start\",\"ref\":\"s\",\"data\":{\"token\":\"%s\",\"epoch\":\"%s\",\"resume\":{\"%s\":1}}}",
		    d.h.ann_token, d.h.f.chat->epoch, id_text(room));
		fixture_run(&d.h.f, STORE_LOG_PAGE);
		struct store_op *page = asked_for(&d, STORE_LOG_PAGE);
		if (while_page_is_read)
			held_store_work(d.h.f.store, page);
		another_commits(&d, 1);
		bus_brings(&d, d.last + 1);
		held_store_deliver(d.h.f.store, page);
		fixture_run(&d.h.f, -1);
		assert_seqs(late, room, 0, 2, d.last + 1);
		assert_heard(&d, 1);
		den_finish(&d);
	}
}

static void another_epoch_has_other_channels(void **state)
{
	(void)state;
	struct den d;
	den_setup(&d);
	memory_hub_confirm(d.hub);
	fixture_run(&d.h.f, -1);
	held_store_back_up(d.h.f.store);
	another_commits(&d, 1);
	bus_brings(&d, d.last + 1);
	held_store_set_back(d.h.f.store);
	fixture_turns(&d.h.f);
	const struct memory_bus *b = &d.hub->buses[0];
	assert_int_equal(b->n_begun, 2);
	assert_string_equal(b->epoch, d.h.f.chat->epoch);
	assert_int_equal(b->n_channels, 0);
	assert_true(d.bob->is_closing);
	fake_conn_close_session(d.bob);
	d.bob = fixture_signed_in(&d.h.f, d.h.bob_token);
	assert_true(follows(&d, d.h.rooms[0]));
	memory_hub_confirm(d.hub);
	another_commits(&d, 1);
	bus_brings(&d, d.last + 1); /* the same seq, another message */
	assert_heard(&d, 1);
	den_finish(&d);
}

/* An event whose place the store does not have is held for nothing: it goes, and the real one takes its place. */
static void what_the_store_does_not_have_is_dropped(void **state)
{
	(void)state;
	struct den d;
	den_setup(&d);
	memory_hub_confirm(d.hub);
	fixture_run(&d.h.f, -1);
	auto_buf json = BUF_INIT, packed = BUF_INIT;
	struct event head = {.room = *room_id_of(&d.h.f, d.h.rooms[0]), .seq = d.last + 3, .type = EVENT_MESSAGE_CREATED};
	event_encode(&json, head.type, &head.id, 0, &head.room, head.seq, "{\"lie\":true}", 12);
	struct event *e = event_of(&head, json.data, json.len);
	event_pack(e, &packed);
	event_free(e);
	const struct bus_listener *l = &d.hub->buses[0].base.listener;
	l->arrived(l->arg, d.h.rooms[0], BUS_EVENT, packed.data, packed.len);
	another_commits(&d, 1);
	fixture_pass_ms(&d.h.f, ACROSS_PATIENCE_MS + 1);
	fixture_run(&d.h.f, -1);
	assert_heard(&d, 1);
	another_commits(&d, 2);
	bus_brings(&d, d.last + 2);
	assert_heard(&d, 2); /* and not the lie behind it */
	bus_brings(&d, d.last + 3);
	assert_heard(&d, 3);
	json_t *last = NULL;
	heard(d.bob, "message.created", &last);
	assert_null(json_object_get(json_object_get(last, "data"), "lie"));
	den_finish(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_room_has_a_channel_while_it_has_readers),
		cmocka_unit_test(the_store_is_asked_once_as_soon_as_rooms_are_heard),
		cmocka_unit_test(a_bus_that_is_back_is_not_content_with_a_question_under_way),
		cmocka_unit_test(rooms_that_are_heard_meanwhile_are_asked_for_next),
		cmocka_unit_test(a_message_between_the_stores_answer_and_the_bus_comes_once),
		cmocka_unit_test(what_comes_while_the_hole_is_fetched_comes_once),
		cmocka_unit_test(a_message_between_back_fill_and_live_comes_once),
		cmocka_unit_test(another_epoch_has_other_channels),
		cmocka_unit_test(what_the_store_does_not_have_is_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
