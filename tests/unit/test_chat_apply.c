/* What one chat did has the same effects at another one that gets only events and notices: in order, twice, backwards, with holes. */
#include "chat_pair_act.h"

#include <errno.h>

static void deliver_now(struct chat_pair *p)
{
	for (size_t i = 0; i < p->n_packets; i++)
		pair_deliver(p, i);
	pair_forget_packets(p);
	pair_settle(p);
}

static void what_one_chat_did_is_known_and_told_at_the_other(void **state)
{
	struct chat_pair *p = *state;
	act(p, deliver_now);
	assert_same_memory(p);
	assert_heard_the_same(p);
	assert_heard_whole(p);
	assert_true(p->remote[BOB]->is_closing && p->remote[CY]->is_closing && p->remote[GUS]->is_closing);
	assert_false(p->remote[ANN]->is_closing);
	assert_int_equal(heard(p->remote[ANN], "room.added", NULL) + heard(p->remote[BOB], "room.added", NULL), 2);
	assert_int_equal(heard(p->remote[CY], "room.added", NULL), 2);
	assert_int_equal(heard(p->remote[CY], "room.removed", NULL), 1);
	assert_int_equal(heard(p->remote[CY], "read.marked", NULL), 1);
	assert_string_equal(p->there->owner_link.code, ""); /* there is an owner now */
}

static void packets_that_come_twice_change_nothing_more(void **state)
{
	struct chat_pair *p = *state;
	act(p, later);
	for (size_t i = 0; i < p->n_packets; i++) {
		pair_deliver(p, i);
		pair_deliver(p, i);
		pair_settle(p);
	}
	for (size_t i = 0; i < p->n_packets; i++)
		pair_deliver(p, i);
	pair_settle(p);
	assert_same_memory(p);
	assert_heard_whole(p);
}

static void packets_that_come_backwards_lead_to_the_same(void **state)
{
	struct chat_pair *p = *state;
	act(p, later);
	for (size_t i = p->n_packets; i > 0; i--)
		pair_deliver(p, i - 1);
	pair_settle(p);
	assert_same_memory(p);
	assert_heard_whole(p);
}

static void packets_in_any_order_lead_to_the_same(void **state)
{
	struct chat_pair *p = *state;
	unsigned seed = 7;
	act(p, later);
	for (size_t i = p->n_packets; i > 1; i--) {
		size_t j = (size_t)rand_r(&seed) % i;
		struct packet swapped = p->packets[j];
		p->packets[j] = p->packets[i - 1];
		p->packets[i - 1] = swapped;
	}
	for (size_t i = 0; i < p->n_packets; i++) {
		pair_deliver(p, i);
		if (i % 3 == 0)
			pair_turn(p);
	}
	pair_settle(p);
	assert_same_memory(p);
	assert_heard_whole(p);
}

/* Only the notices and each room's last event come: the rest is fetched from the store. */
static void events_that_are_lost_are_fetched(void **state)
{
	struct chat_pair *p = *state;
	act(p, later);
	for (size_t i = 0; i < p->n_packets; i++)
		if (p->packets[i].is_notice || i % 4 == 3)
			pair_deliver(p, i);
	pair_ask(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"lab\",\"text\":\"last\"}}");
	pair_deliver(p, p->n_packets - 1);
	pair_settle(p);
	assert_same_memory(p);
	assert_heard_whole(p);
}

/* The joining of a room that is not in memory is heard without a notice too. */
static void events_without_notices_lead_to_the_same_rooms(void **state)
{
	struct chat_pair *p = *state;
	pair_ask(p, p->actors[ANN], "{\"type\":\"room.create\",\"data\":{\"name\":\"lab\",\"kind\":\"private\"}}");
	pair_ask(p, p->actors[ANN], "{\"type\":\"member.add\",\"data\":{\"room\":\"lab\",\"user\":\"cy\"}}");
	for (size_t i = 0; i < p->n_packets; i++)
		if (!p->packets[i].is_notice)
			pair_deliver(p, i);
	pair_settle(p);
	assert_same_memory(p);
	assert_int_equal(heard(p->remote[CY], "room.added", NULL), 1);
}

/* A reading of the store contains later events: they change nothing when they come. */
static void what_was_read_is_not_changed_by_what_it_has_in_it(void **state)
{
	struct chat_pair *p = *state;
	pair_ask(p, p->actors[GUS], "{\"type\":\"room.leave\",\"data\":{\"room\":\"hall\"}}");
	pair_ask(p, p->actors[GUS], "{\"type\":\"room.join\",\"data\":{\"room\":\"hall\"}}");
	pair_ask(p, p->actors[BOB], "{\"type\":\"room.leave\",\"data\":{\"room\":\"hall\"}}");
	user_refresh(user_by_no(p->there, p->no[GUS]));
	user_refresh(user_by_no(p->there, p->no[BOB]));
	pair_settle(p);
	assert_int_equal(heard(p->remote[BOB], "room.removed", NULL), 1);
	for (size_t i = 0; i < p->n_packets; i++) {
		pair_deliver(p, i);
		pair_settle(p);
	}
	assert_same_memory(p);
	assert_int_equal(heard(p->remote[GUS], "room.removed", NULL), 0);
	assert_int_equal(heard(p->remote[GUS], "room.added", NULL), 0);
	assert_int_equal(heard(p->remote[BOB], "room.removed", NULL), 1);
}

/* The newest event of this type that was kept. */
static size_t find_packet(const struct chat_pair *p, enum event_type type)
{
	for (size_t i = p->n_packets; i > 0; i--) {
		const struct packet *packet = &p->packets[i - 1];
		if (!packet->is_notice && packet->bytes.data[1] == type)
			return i - 1;
	}
	fail();
	return 0;
}

static void assert_refused(struct conn *c, const char *request)
{
	say(c, "{\"ref\":\"refused\",%s", request + 1);
	assert_string_equal(code_of(c, "refused"), "forbidden"); /* at once: the hole is still there */
}

/* A leave waits for the events before it. The right to write ends at once, not when the hole is filled. */
static void rights_end_before_a_hole_is_filled(void **state)
{
	struct chat_pair *p = *state;
	pair_ask(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"lost\"}}");
	pair_ask(p, p->actors[BOB], "{\"type\":\"room.leave\",\"data\":{\"room\":\"hall\"}}");
	pair_deliver(p, find_packet(p, EVENT_MEMBER_LEFT));
	size_t n_before = p->n_packets;
	assert_refused(p->remote[BOB], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"may I\"}}");
	pair_settle(p);
	assert_int_equal(heard(p->remote[BOB], "room.removed", NULL), 1);
	assert_int_equal(p->n_packets, n_before);
	assert_same_memory(p);
}

static void rights_end_with_the_notice_alone(void **state)
{
	struct chat_pair *p = *state;
	pair_ask(p, p->actors[BOB], "{\"type\":\"room.leave\",\"data\":{\"room\":\"hall\"}}");
	for (size_t i = 0; i < p->n_packets; i++)
		if (p->packets[i].is_notice)
			pair_deliver(p, i);
	assert_refused(p->remote[BOB], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"may I\"}}");
	pair_settle(p);
	assert_same_memory(p);
}

static int refuse(struct store *s, struct store_op *op)
{
	(void)s;
	(void)op;
	return -EBUSY;
}

/* A store that is busy when a hole or a user is to be read: the housekeeping asks again. */
static void what_a_busy_store_was_not_asked_for_is_asked_for_again(void **state)
{
	struct chat_pair *p = *state;
	const struct store_methods busy = {.submit = refuse};
	struct store refusing = {.methods = &busy}, *store = p->there->store;
	pair_ask(p, p->actors[ANN], "{\"type\":\"room.create\",\"data\":{\"name\":\"lab\"}}");
	pair_ask(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"lost\"}}");
	pair_ask(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"comes\"}}");
	p->there->store = p->there->rooms.store = &refusing;
	for (size_t i = 0; i < p->n_packets; i++)
		if (p->packets[i].is_notice)
			pair_deliver(p, i);
	pair_deliver(p, find_packet(p, EVENT_MESSAGE_CREATED));
	pair_settle(p);
	assert_int_equal(heard(p->remote[BOB], "message.created", NULL), 0);
	p->there->store = p->there->rooms.store = store;
	fake_clock_advance_ns(1100000000);
	pair_settle(p);
	assert_int_equal(heard(p->remote[BOB], "message.created", NULL), 2);
	assert_int_equal(heard(p->remote[ANN], "room.added", NULL), 1);
	assert_same_memory(p);
}

/* A commit of our own follows one that was made elsewhere and is not known yet: the reply waits until memory has come so far. */
static void a_join_is_answered_when_what_was_before_it_is_known(void **state)
{
	struct chat_pair *p = *state;
	pair_ask(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"before\"}}");
	pair_ask(p, p->actors[ANN], "{\"type\":\"room.update\",\"data\":{\"room\":\"hall\",\"name\":\"big hall\"}}");
	pair_ask(p, p->remote[CY], "{\"type\":\"room.join\",\"data\":{\"room\":\"hall\"}}");
	json_t *last = NULL;
	size_t at;
	json_t *j;
	json_array_foreach(p->remote[CY]->heard, at, j)
		if (json_object_get(json_object_get(j, "data"), "last_seq"))
			last = json_object_get(j, "data");
	assert_non_null(last);
	assert_string_equal(json_string_value(json_object_get(last, "name")), "big hall");
	assert_int_equal(number_of(last, "members"), 4);
	uint64_t seq = number_of(last, "last_seq");
	pair_ask(p, p->remote[BOB], "{\"type\":\"message.send\",\"data\":{\"room\":\"big hall\",\"text\":\"after\"}}");
	assert_int_equal(heard(p->remote[CY], "message.created", &j), 1);
	assert_int_equal(number_of(j, "seq"), seq + 1);
	assert_int_equal(heard(p->remote[CY], "room.added", NULL), 0);
}

static const struct store_methods *whole;

/* Only pages of the log are refused. */
static int refuse_pages(struct store *s, struct store_op *op)
{
	return op->kind == STORE_LOG_PAGE ? -EBUSY : whole->submit(s, op);
}

/* A reply waits for a hole that nobody can fill any more; it ends with the chat. */
static void a_join_that_waits_ends_with_the_chat(void **state)
{
	struct chat_pair *p = *state;
	struct store_methods some = *p->f->store->methods;
	whole = p->f->store->methods;
	some.submit = refuse_pages;
	pair_ask(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"before\"}}");
	p->f->store->methods = &some;
	say(p->remote[CY], "{\"ref\":\"j\",\"type\":\"room.join\",\"data\":{\"room\":\"hall\"}}");
	for (int i = 0; list_empty(&p->there->rooms.holes); i++) {
		assert_true(i < 600000);
		pair_turn(p);
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
	assert_null(reply_to(p->remote[CY], "j"));
	assert_int_equal(chat_pending(p->there), 1);
	for (int i = 0; i < PAIR_PEOPLE; i++)
		fake_conn_close_session(p->remote[i]);
	chat_destroy(p->there);
	p->there = NULL;
	assert_int_equal(p->metrics[1].rooms_loaded, 0);
	assert_int_equal(p->metrics[1].users_loaded, 0);
	p->f->store->methods = whole;
}

static void a_page_of_the_log_says_what_the_writer_said(void **state)
{
	struct chat_pair *p = *state;
	act(p, later);
	size_t n_compared = 0;
	for (uint64_t room_no = 1; room_no <= 2; room_no++) {
		struct store_log_page page = {.room_no = room_no};
		assert_int_equal(store_fixture_do(p->f, &page.op, STORE_LOG_PAGE), 0);
		for (size_t i = 0; i < page.n_events; i++) {
			auto_buf packed = BUF_INIT;
			event_pack(page.events[i], &packed);
			for (size_t k = 0; k < p->n_packets; k++) {
				const struct buf *b = &p->packets[k].bytes;
				n_compared += b->len == packed.len && memcmp(b->data, packed.data, b->len) == 0;
			}
		}
		store_log_page_finish(&page);
	}
	size_t n_events = 0;
	for (size_t k = 0; k < p->n_packets; k++)
		n_events += !p->packets[k].is_notice;
	assert_int_equal(n_compared, n_events);
	assert_true(n_events > 12);
}

#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(what_one_chat_did_is_known_and_told_at_the_other),
		PAIR_TEST(packets_that_come_twice_change_nothing_more),
		PAIR_TEST(packets_that_come_backwards_lead_to_the_same),
		PAIR_TEST(packets_in_any_order_lead_to_the_same),
		PAIR_TEST(events_that_are_lost_are_fetched),
		PAIR_TEST(events_without_notices_lead_to_the_same_rooms),
		PAIR_TEST(what_was_read_is_not_changed_by_what_it_has_in_it),
		PAIR_TEST(rights_end_before_a_hole_is_filled),
		PAIR_TEST(rights_end_with_the_notice_alone),
		PAIR_TEST(what_a_busy_store_was_not_asked_for_is_asked_for_again),
		PAIR_TEST(a_join_is_answered_when_what_was_before_it_is_known),
		PAIR_TEST(a_join_that_waits_ends_with_the_chat),
		PAIR_TEST(a_page_of_the_log_says_what_the_writer_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
