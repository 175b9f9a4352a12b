/* Subscriptions: where they begin, what is handed out, what comes back, and whose they are. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>

struct make {
	const char *name;
	uint64_t owner_no, most;
	int64_t from_ms;
};

static int create(struct store_fixture *f, struct make make, uint64_t *no)
{
	struct store_subscription_create op = {.id = fresh_id(),
					       .owner_no = make.owner_no,
					       .name = text_from(make.name),
					       .filter = text_from("{}"),
					       .ack_wait_ms = 30000,
					       .max_tries = 3,
					       .most = make.most,
					       .from_ms = make.from_ms};
	int result = store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_CREATE);
	*no = op.subscription_no;
	return result;
}

static uint64_t made(struct store_fixture *f, const char *name, uint64_t owner_no, int64_t from_ms)
{
	uint64_t no;
	assert_int_equal(create(f, (struct make){.name = name, .owner_no = owner_no, .from_ms = from_ms}, &no), 0);
	return no;
}

/* Finish *op. */
static void look(struct store_fixture *f, uint64_t no, uint64_t limit, struct store_subscription_read *op)
{
	*op = (struct store_subscription_read){.which.no = no, .limit = limit};
	assert_int_equal(store_fixture_do(f, &op->op, STORE_SUBSCRIPTION_READ), 0);
}

/* Hands out what was read, as deliveries from `delivery` on; it comes back in wait_ms. */
static bool hand_out(struct store_fixture *f, const struct store_subscription_read *read, uint64_t delivery, uint64_t wait_ms)
{
	struct subscription_cursor cursors[100];
	struct subscription_change changes[100];
	struct store_subscription_move op = {.subscription_no = read->subscription.no,
					     .fence = read->subscription.fence,
					     .takes = true,
					     .worker = text_from("w"),
					     .cursors = cursors,
					     .changes = changes};
	for (size_t i = 0; i < read->n_events; i++) {
		const struct event *e = read->events[i].event;
		changes[op.n_changes++] = (struct subscription_change){.room_no = e->room_no,
								       .seq = e->seq,
								       .tries = read->events[i].tries + 1,
								       .wait_ms = wait_ms,
								       .delivery = delivery + i};
		bool same = op.n_cursors > 0 && cursors[op.n_cursors - 1].room_no == e->room_no;
		if (i >= read->n_again)
			cursors[same ? op.n_cursors - 1 : op.n_cursors++] = (struct subscription_cursor){e->room_no, e->seq};
	}
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_MOVE), 0);
	return !op.is_lost;
}

static size_t n_to_read(struct store_fixture *f, uint64_t no)
{
	struct store_subscription_read read;
	look(f, no, 100, &read);
	size_t n = read.n_events;
	store_subscription_read_finish(&read);
	return n;
}

static bool has_news(struct store_fixture *f, uint64_t no)
{
	bool has[2];
	int64_t nos[] = {(int64_t)no + 1000, (int64_t)no};
	struct store_subscription_news op = {.subscription_nos = nos, .has_news = has, .n_subscriptions = 2};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_NEWS), 0);
	assert_true(has[0]); /* there is no such subscription: whoever waits for it is told */
	return has[1];
}

static uint64_t ack(struct store_fixture *f, uint64_t no, int64_t delivery)
{
	struct store_subscription_ack op = {.subscription_no = no, .deliveries = &delivery, .n_deliveries = 1};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_ACK), 0);
	return op.n_acknowledged;
}

static void leave(struct store_fixture *f, uint64_t room_no, uint64_t user_no)
{
	struct store_leave op = {.room_no = room_no, .user_no = user_no, .data = json_from("{}")};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_LEAVE), 0);
	store_leave_finish(&op);
	buf_finish(&op.data);
}

static void it_begins_at_the_end_at_the_start_or_at_a_time(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	for (int i = 0; i < 5; i++)
		send_text(f, room, ann, "{}");
	struct store_log_page page = {.room_no = room, .limit = 100};
	nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL); /* so that what follows has a later time */
	send_text(f, room, ann, "{}");
	send_text(f, room, ann, "{}");
	assert_int_equal(store_fixture_do(f, &page.op, STORE_LOG_PAGE), 0);
	assert_int_equal(page.n_events, 9);
	assert_int_equal(n_to_read(f, made(f, "end", ann, SUBSCRIPTION_FROM_END)), 0);
	assert_int_equal(n_to_read(f, made(f, "start", ann, SUBSCRIPTION_FROM_START)), 9);
	assert_int_equal(n_to_read(f, made(f, "time", ann, page.events[7]->timestamp_ms)), 2);
	uint64_t no = made(f, "after all", ann, page.events[8]->timestamp_ms + 1);
	assert_int_equal(n_to_read(f, no), 0);
	assert_false(has_news(f, no));
	send_text(f, room, ann, "{}");
	assert_int_equal(n_to_read(f, no), 1);
	assert_true(has_news(f, no));
	store_log_page_finish(&page);
}

static void each_event_is_handed_out_once_in_the_order_of_its_room(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), rooms[] = {make_room(f, "a", ann), make_room(f, "b", ann)};
	uint64_t no = made(f, "c", ann, SUBSCRIPTION_FROM_START), seq[2] = {0, 0}, delivery = 1;
	for (int i = 0; i < 9; i++)
		send_text(f, rooms[i % 3 != 0], ann, "{}");
	size_t n = 0;
	bool more = true;
	while (more) {
		struct store_subscription_read read;
		look(f, no, 4, &read);
		for (size_t i = 0; i < read.n_events; i++)
			assert_int_equal(read.events[i].event->seq, ++seq[read.events[i].event->room_no == rooms[1]]);
		assert_true(hand_out(f, &read, delivery, 30000));
		delivery += read.n_events;
		n += read.n_events;
		more = read.n_events > 0;
		store_subscription_read_finish(&read);
	}
	assert_int_equal(n, 9 + 4);
	assert_int_equal(seq[0], 5);
	assert_int_equal(seq[1], 8);
}

static void of_two_who_read_the_same_one_hands_it_out(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), no;
	make_room(f, "r", ann);
	no = made(f, "c", ann, SUBSCRIPTION_FROM_START);
	struct store_subscription_read first, second;
	look(f, no, 10, &first);
	look(f, no, 10, &second);
	assert_int_equal(second.n_events, 2);
	assert_true(hand_out(f, &first, 1, 30000));
	assert_false(hand_out(f, &second, 11, 30000));
	assert_int_equal(ack(f, no, 11), 0);
	assert_int_equal(ack(f, no, 1), 1);
	assert_int_equal(n_to_read(f, no), 0);
	store_subscription_read_finish(&first);
	store_subscription_read_finish(&second);
}

static void what_is_not_acknowledged_comes_back_under_another_delivery(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON);
	make_room(f, "r", ann);
	uint64_t no = made(f, "c", ann, SUBSCRIPTION_FROM_START);
	struct store_subscription_read read;
	look(f, no, 10, &read);
	assert_true(hand_out(f, &read, 1, 0));
	store_subscription_read_finish(&read);
	assert_true(has_news(f, no));
	look(f, no, 10, &read);
	assert_int_equal(read.n_again, 2);
	assert_int_equal(read.n_waiting, 2);
	assert_int_equal(read.events[1].tries, 1);
	assert_int_equal(read.events[1].delivery, 2);
	assert_string_equal(read.events[1].worker, "w");
	assert_true(hand_out(f, &read, 11, 30000));
	store_subscription_read_finish(&read);
	assert_int_equal(ack(f, no, 1), 0); /* it is another one's now */
	assert_int_equal(ack(f, no, 11), 1);
	assert_int_equal(ack(f, no, 11), 0);
	assert_int_equal(n_to_read(f, no), 0); /* not due */
	assert_false(has_news(f, no));
}

static void up_to_a_seq_all_that_waits_in_a_room_is_acknowledged(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), a = make_room(f, "a", ann), b = make_room(f, "b", ann);
	uint64_t no = made(f, "c", ann, SUBSCRIPTION_FROM_START);
	struct store_subscription_read read;
	send_text(f, a, ann, "{}");
	look(f, no, 10, &read);
	assert_int_equal(read.n_events, 5);
	assert_true(hand_out(f, &read, 1, 0));
	store_subscription_read_finish(&read);
	int64_t rooms[] = {(int64_t)a, (int64_t)b}, seqs[] = {2, 1};
	struct store_subscription_ack op = {.subscription_no = no, .rooms = rooms, .seqs = seqs, .n_rooms = 2};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_ACK), 0);
	assert_int_equal(op.n_acknowledged, 3);
	look(f, no, 10, &read);
	assert_int_equal(read.n_again, 2);
	assert_int_equal(read.events[0].event->seq, read.events[0].event->room_no == a ? 3 : 2);
	store_subscription_read_finish(&read);
}

static void what_is_set_aside_is_listed_and_replayed(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	uint64_t no = made(f, "c", ann, SUBSCRIPTION_FROM_START);
	struct subscription_cursor cursor = {room, 2};
	struct subscription_change changes[] = {{.room_no = room, .seq = 1, .state = SUBSCRIPTION_EVENT_ASIDE, .tries = 3, .delivery = 5},
						{.room_no = room, .seq = 2, .state = SUBSCRIPTION_EVENT_ASIDE, .tries = 3, .delivery = 4}};
	struct store_subscription_move move = {
		.subscription_no = no, .fence = 1, .cursors = &cursor, .n_cursors = 1, .changes = changes, .n_changes = 2};
	assert_int_equal(store_fixture_do(f, &move.op, STORE_SUBSCRIPTION_MOVE), 0);
	assert_false(move.is_lost);
	assert_int_equal(n_to_read(f, no), 0);
	struct store_subscription_aside aside = {.subscription_no = no, .limit = 1};
	assert_int_equal(store_fixture_do(f, &aside.op, STORE_SUBSCRIPTION_ASIDE), 0);
	assert_int_equal(aside.n_events, 1);
	assert_true(aside.more);
	assert_int_equal(aside.events[0].event->seq, 2);
	assert_int_equal(aside.events[0].tries, 3);
	store_subscription_aside_finish(&aside);
	struct store_subscription_page page = {.owner_no = ann, .limit = 10};
	assert_int_equal(store_fixture_do(f, &page.op, STORE_SUBSCRIPTION_PAGE), 0);
	assert_int_equal(page.n_listed, 1);
	assert_int_equal(page.listed[0].n_aside, 2);
	assert_int_equal(page.listed[0].n_behind, 0);
	store_subscription_page_finish(&page);
	int64_t delivery = 5;
	struct store_subscription_replay one = {.subscription_no = no, .deliveries = &delivery, .n_deliveries = 1},
					 all = {.subscription_no = no, .all = true};
	assert_int_equal(store_fixture_do(f, &one.op, STORE_SUBSCRIPTION_REPLAY), 0);
	assert_int_equal(one.n_replayed, 1);
	struct store_subscription_read read;
	look(f, no, 10, &read);
	assert_int_equal(read.n_again, 1);
	assert_int_equal(read.events[0].event->seq, 1);
	assert_int_equal(read.events[0].tries, 0);
	store_subscription_read_finish(&read);
	assert_int_equal(store_fixture_do(f, &all.op, STORE_SUBSCRIPTION_REPLAY), 0);
	assert_int_equal(all.n_replayed, 1);
	assert_int_equal(n_to_read(f, no), 2);
}

static void seeking_begins_again_and_makes_what_was_read_before_void(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), a = make_room(f, "a", ann);
	make_room(f, "b", ann);
	uint64_t no = made(f, "c", ann, SUBSCRIPTION_FROM_START);
	struct store_subscription_read read, before;
	look(f, no, 10, &read);
	assert_true(hand_out(f, &read, 1, 0));
	store_subscription_read_finish(&read);
	look(f, no, 10, &before);
	struct store_subscription_seek seek = {.subscription_no = no, .at_room_no = a, .to_seq = true, .seq = 1};
	assert_int_equal(store_fixture_do(f, &seek.op, STORE_SUBSCRIPTION_SEEK), 0);
	assert_false(hand_out(f, &before, 11, 0));
	store_subscription_read_finish(&before);
	look(f, no, 10, &read);
	assert_int_equal(read.n_again, 2); /* of b */
	assert_int_equal(read.n_events, 3);
	assert_int_equal(read.events[2].event->room_no, a);
	assert_int_equal(read.events[2].event->seq, 2);
	store_subscription_read_finish(&read);
	struct store_subscription_seek end = {.subscription_no = no, .from_ms = SUBSCRIPTION_FROM_END};
	assert_int_equal(store_fixture_do(f, &end.op, STORE_SUBSCRIPTION_SEEK), 0);
	assert_int_equal(n_to_read(f, no), 0);
	struct store_subscription_seek far = {.subscription_no = no, .at_room_no = a, .to_seq = true, .seq = 1000};
	assert_int_equal(store_fixture_do(f, &far.op, STORE_SUBSCRIPTION_SEEK), 0);
	send_text(f, a, ann, "{}");
	assert_int_equal(n_to_read(f, no), 1);
}

static void it_reads_what_its_owner_may_read(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_BOT);
	uint64_t room = make_room_of_kind(f, "r", ROOM_PRIVATE, ann), no = made(f, "c", bob, SUBSCRIPTION_FROM_START);
	struct store_subscription_read read;
	send_text(f, room, ann, "{}");
	assert_int_equal(n_to_read(f, no), 0);
	join_room(f, room, bob); /* seq 4: it begins behind that */
	assert_int_equal(n_to_read(f, no), 0);
	send_text(f, room, ann, "{}");
	look(f, no, 10, &read);
	assert_int_equal(read.n_events, 1);
	assert_int_equal(read.events[0].event->seq, 5);
	assert_true(hand_out(f, &read, 1, 0));
	store_subscription_read_finish(&read);
	send_text(f, room, ann, "{}");
	assert_int_equal(n_to_read(f, no), 2);
	leave(f, room, bob);
	assert_int_equal(n_to_read(f, no), 0);
	assert_false(has_news(f, no));
	send_text(f, room, ann, "{}");
	join_room(f, room, bob);
	assert_int_equal(n_to_read(f, no), 0); /* it begins again */
	send_text(f, room, ann, "{}");
	assert_int_equal(n_to_read(f, no), 1);
}

static void who_reads_while_the_owner_leaves_a_room_hands_out_nothing_of_it(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_BOT);
	uint64_t room = make_room_of_kind(f, "r", ROOM_PRIVATE, ann), no = made(f, "c", bob, SUBSCRIPTION_FROM_START);
	struct store_subscription_read read;
	join_room(f, room, bob);
	send_text(f, room, ann, "{}");
	look(f, no, 10, &read);
	assert_int_equal(read.n_events, 1);
	leave(f, room, bob);
	assert_false(hand_out(f, &read, 1, 0));
	store_subscription_read_finish(&read);
	send_text(f, room, ann, "{}");
	join_room(f, room, bob);
	assert_int_equal(n_to_read(f, no), 0); /* nothing of what was said before, or between */
	struct store_subscription_page page = {.owner_no = bob, .limit = 10};
	assert_int_equal(store_fixture_do(f, &page.op, STORE_SUBSCRIPTION_PAGE), 0);
	assert_int_equal(page.listed[0].n_waiting, 0);
	store_subscription_page_finish(&page);
}

static void names_and_numbers_are_of_an_owner(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_BOT), no, other, none;
	assert_int_equal(create(f, (struct make){.name = "a", .owner_no = ann, .most = 2}, &no), 0);
	assert_int_equal(create(f, (struct make){.name = "a", .owner_no = ann, .most = 2}, &none), -EEXIST);
	assert_int_equal(create(f, (struct make){.name = "a", .owner_no = bob, .most = 2}, &other), 0);
	assert_int_equal(create(f, (struct make){.name = "b", .owner_no = ann, .most = 2}, &other), 0);
	assert_int_equal(create(f, (struct make){.name = "c", .owner_no = ann, .most = 2}, &none), -EDQUOT);
	struct store_subscription_find find = {.which = {.owner_no = ann, .name = text_from("a")}};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_SUBSCRIPTION_FIND), 0);
	assert_int_equal(find.subscription.no, no);
	struct uid id = find.subscription.id;
	store_op_finish(&find.op);
	find = (struct store_subscription_find){.which = {.owner_no = ann, .id = id}};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_SUBSCRIPTION_FIND), 0);
	store_op_finish(&find.op);
	find = (struct store_subscription_find){.which = {.owner_no = bob, .id = id}};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_SUBSCRIPTION_FIND), -ENOENT);
	struct store_subscription_update rename = {.subscription_no = no, .name = text_from("b"), .order = -1, .status = -1};
	assert_int_equal(store_fixture_do(f, &rename.op, STORE_SUBSCRIPTION_UPDATE), -EEXIST);
	rename.name = text_from("z");
	rename.status = SUBSCRIPTION_DISABLED;
	assert_int_equal(store_fixture_do(f, &rename.op, STORE_SUBSCRIPTION_UPDATE), 0);
	struct store_subscription_page page = {.limit = 2};
	assert_int_equal(store_fixture_do(f, &page.op, STORE_SUBSCRIPTION_PAGE), 0);
	assert_int_equal(page.n_listed, 2);
	assert_true(page.more);
	assert_string_equal(page.listed[0].subscription.name, "z");
	assert_string_equal(page.listed[0].subscription.filter, "{}");
	assert_int_equal(page.listed[0].subscription.status, SUBSCRIPTION_DISABLED);
	assert_int_equal(page.listed[0].subscription.max_tries, 3);
	store_subscription_page_finish(&page);
	struct store_subscription_delete drop = {.subscription_no = other};
	assert_int_equal(store_fixture_do(f, &drop.op, STORE_SUBSCRIPTION_DELETE), 0);
	assert_int_equal(store_fixture_do(f, &drop.op, STORE_SUBSCRIPTION_DELETE), -ENOENT);
	assert_int_equal(create(f, (struct make){.name = "d", .owner_no = ann, .most = 2}, &no), 0);
	assert_true(no > other); /* a number is not used again */
}

static bool lease(struct store_fixture *f, uint64_t no, enum subscription_lease_how how, struct uid holder, uint64_t *fence)
{
	struct store_subscription_lease op = {.subscription_no = no, .how = how, .holder = holder, .fence = *fence};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_LEASE), 0);
	*fence = op.fence;
	return op.is_granted;
}

static bool moves(struct store_fixture *f, uint64_t no, uint64_t fence)
{
	struct store_subscription_move op = {.subscription_no = no, .fence = fence};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_MOVE), 0);
	return !op.is_lost;
}

static void a_lease_is_one_instances_until_it_is_over(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), no = made(f, "c", ann, SUBSCRIPTION_FROM_END), a = 0, b = 0;
	struct uid first = fresh_id(), second = fresh_id();
	assert_true(lease(f, no, SUBSCRIPTION_LEASE_TAKE, first, &a));
	assert_false(lease(f, no, SUBSCRIPTION_LEASE_TAKE, second, &b));
	assert_true(lease(f, no, SUBSCRIPTION_LEASE_RENEW, first, &a));
	assert_true(moves(f, no, a));
	assert_false(moves(f, no, a - 1));
	struct store_subscription_find find = {.which.no = no};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_SUBSCRIPTION_FIND), 0);
	assert_true(find.subscription.is_leased);
	assert_memory_equal(find.subscription.lease_holder.b, first.b, sizeof first.b);
	store_op_finish(&find.op);
	store_fixture_close(f);
	store_fixture_change(f, "UPDATE subscription SET lease_until_ms = lease_until_ms - 15000"); /* its instance was away for so long */
	assert_true(store_fixture_open(f));
	assert_false(lease(f, no, SUBSCRIPTION_LEASE_RENEW, first, &a));
	assert_true(lease(f, no, SUBSCRIPTION_LEASE_TAKE, second, &b));
	assert_false(moves(f, no, a)); /* it comes back, and does nothing any more */
	assert_true(moves(f, no, b));
	assert_false(lease(f, no, SUBSCRIPTION_LEASE_RELEASE, first, &a));
	assert_true(lease(f, no, SUBSCRIPTION_LEASE_RELEASE, second, &b));
	assert_true(lease(f, no, SUBSCRIPTION_LEASE_TAKE, first, &a));
	uint64_t before = a;
	assert_true(lease(f, no, SUBSCRIPTION_LEASE_TAKE, first, &a)); /* it was changed meanwhile */
	assert_false(lease(f, no, SUBSCRIPTION_LEASE_RENEW, first, &before));
	assert_true(lease(f, no, SUBSCRIPTION_LEASE_RELEASE, first, &before));
	assert_true(lease(f, no, SUBSCRIPTION_LEASE_TAKE, second, &b));
}

static bool waits(struct store_fixture *f, uint64_t no, uint64_t fence, struct subscription_change change)
{
	struct subscription_cursor cursor = {change.room_no, 2};
	struct store_subscription_move op = {
		.subscription_no = no, .fence = fence, .cursors = &cursor, .n_cursors = 1, .changes = &change, .n_changes = 1};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_MOVE), 0);
	return !op.is_lost;
}

/* It was due before the one that it is behind. */
static void what_comes_back_keeps_the_order_of_its_room(void **state)
{
	struct store_fixture *f = *state;
	struct store_subscription_read read;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann), no = made(f, "c", ann, SUBSCRIPTION_FROM_START);
	struct store_subscription_update per_room = {.subscription_no = no, .order = SUBSCRIPTION_PER_ROOM, .status = -1};
	assert_int_equal(store_fixture_do(f, &per_room.op, STORE_SUBSCRIPTION_UPDATE), 0);
	send_text(f, room, ann, "{}");
	send_text(f, room, ann, "{}");
	look(f, no, 10, &read);
	uint64_t fence = read.subscription.fence;
	store_subscription_read_finish(&read);
	assert_true(waits(f, no, fence, (struct subscription_change){.room_no = room, .seq = 2, .tries = 1}));
	nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL); /* so that the other one is due later */
	assert_true(waits(f, no, fence, (struct subscription_change){.room_no = room, .seq = 1, .tries = 1}));
	look(f, no, 10, &read);
	assert_int_equal(read.events[0].event->seq, 1);
	store_subscription_read_finish(&read);
	assert_true(waits(f, no, fence, (struct subscription_change){.room_no = room, .seq = 1, .state = SUBSCRIPTION_EVENT_DONE}));
	look(f, no, 10, &read);
	assert_int_equal(read.events[0].event->seq, 2);
	store_subscription_read_finish(&read);
}

static void a_token_that_ended_reads_nothing(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), no = made(f, "c", ann, SUBSCRIPTION_FROM_END);
	struct store_subscription_read read = {.which.no = no, .by_token = true, .token_hash = {7}, .limit = 10};
	assert_int_equal(store_fixture_do(f, &(struct store_token_create){.user_no = ann, .hash = {7}}.op, STORE_TOKEN_CREATE), 0);
	assert_int_equal(store_fixture_do(f, &read.op, STORE_SUBSCRIPTION_READ), 0);
	store_subscription_read_finish(&read);
	assert_int_equal(store_fixture_do(f, &(struct store_token_delete){.hash = {7}}.op, STORE_TOKEN_DELETE), 0);
	assert_int_equal(store_fixture_do(f, &read.op, STORE_SUBSCRIPTION_READ), -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)
		TEST(it_begins_at_the_end_at_the_start_or_at_a_time),
		TEST(each_event_is_handed_out_once_in_the_order_of_its_room),
		TEST(of_two_who_read_the_same_one_hands_it_out),
		TEST(what_is_not_acknowledged_comes_back_under_another_delivery),
		TEST(up_to_a_seq_all_that_waits_in_a_room_is_acknowledged),
		TEST(what_is_set_aside_is_listed_and_replayed),
		TEST(seeking_begins_again_and_makes_what_was_read_before_void),
		TEST(it_reads_what_its_owner_may_read),
		TEST(who_reads_while_the_owner_leaves_a_room_hands_out_nothing_of_it),
		TEST(names_and_numbers_are_of_an_owner),
		TEST(a_lease_is_one_instances_until_it_is_over),
		TEST(what_comes_back_keeps_the_order_of_its_room),
		TEST(a_token_that_ended_reads_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
