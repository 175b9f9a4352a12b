/* Two chats on one store and one bus: what one does is known at the other at once, and whatever the bus does with it, nothing is lost, doubled or believed. */
#include "chat_pair_act.h"

#include "chat/across.h"
#include "store/packed.h"

#include <errno.h>

/* Counts and refuses what the chats ask of the store. */
static struct {
	const struct store_methods *real;
	struct store_methods methods;
	size_t n_pages;          /* questions for what a room misses */
	size_t n_pages_of_bytes; /* of these, with an end to how many bytes */
	bool no_tops;            /* the second's questions find nothing: what is known came by the bus */
} gate;

static int through_gate(struct store *s, struct store_op *op)
{
	gate.n_pages += op->kind == STORE_LOG_PAGE;
	gate.n_pages_of_bytes += op->kind == STORE_LOG_PAGE && ((const struct store_log_page *)(const void *)op)->limit_bytes > 0;
	return gate.no_tops && op->kind == STORE_ROOM_TOPS ? -EBUSY : gate.real->submit(s, op);
}

static int setup(void **state)
{
	if (pair_setup_shared_with(state, memory_hub_new()) != 0)
		return -1;
	struct chat_pair *p = *state;
	pair_pass_seconds(p, 2); /* the server's log is found */
	memory_hub_confirm(p->hub);
	pair_settle(p);
	gate.real = p->f->store->methods;
	gate.methods = *gate.real;
	gate.methods.submit = through_gate;
	gate.n_pages = gate.n_pages_of_bytes = 0;
	gate.no_tops = false;
	p->f->store->methods = &gate.methods;
	return 0;
}

static int teardown(void **state)
{
	struct chat_pair *p = *state;
	p->f->store->methods = gate.real;
	return pair_teardown(state);
}

/* The bus passes all on, until nothing more comes. */
static void pass(struct chat_pair *p)
{
	do
		pair_settle(p);
	while (memory_hub_confirm(p->hub) + memory_hub_pass(p->hub) > 0);
}

static struct room *hall_of(struct chat *c)
{
	struct room *r = room_by_name_key(&c->rooms, "hall", 4);
	assert_non_null(r);
	return r;
}

static void send(struct chat_pair *p, struct conn *c, const char *room)
{
	char request[100];
	snprintf(request, sizeof(request), "{\"type\":\"message.send\",\"data\":{\"room\":\"%s\",\"text\":\"hello\"}}", room);
	pair_ask(p, c, request);
}

static void what_one_chat_did_is_known_and_told_at_the_other(void **state)
{
	struct chat_pair *p = *state;
	gate.no_tops = true;
	act(p, pass);
	assert_same_memory(p);
	assert_heard_the_same(p);
	assert_heard_whole(p);
	assert_true(p->remote[BOB]->is_closing && p->remote[CY]->is_closing && p->remote[GUS]->is_closing);
	assert_false(p->remote[ANN]->is_closing);
	assert_int_equal(gate.n_pages, 0);
	assert_string_equal(p->there->owner_link.code, "");
	assert_int_equal(p->metrics[1].across_refused_total, 0);
	assert_true(p->metrics[1].across_in_total > 20);
}

/* What waits is delivered in any order, some of it twice, some of it never. */
static void deliver_somehow(struct chat_pair *p, unsigned *seed)
{
	struct memory_hub *hub = p->hub;
	for (size_t i = hub->n_packets; i > 1; i--) {
		size_t j = (size_t)rand_r(seed) % i;
		struct bus_packet swapped = hub->packets[j];
		hub->packets[j] = hub->packets[i - 1];
		hub->packets[i - 1] = swapped;
	}
	for (size_t i = 0; i < hub->n_packets; i++) {
		int n = rand_r(seed) % 3;
		for (int k = 0; k < n; k++)
			memory_hub_deliver(hub, i);
		if (i % 3 == 0)
			pair_turn(p);
	}
	memory_hub_forget(hub);
}

static void any_order_repeats_and_losses_lead_to_the_same(void **state)
{
	struct chat_pair *p = *state;
	unsigned seed = 11;
	act(p, later);
	deliver_somehow(p, &seed);
	for (int i = 0; i < 3; i++) { /* what is lost at the end is found within a second */
		pair_pass_seconds(p, 1);
		memory_hub_confirm(p->hub);
		deliver_somehow(p, &seed);
	}
	pair_pass_seconds(p, 1);
	assert_same_memory(p);
	assert_heard_whole(p);
}

static void what_was_missed_while_the_bus_was_away_is_asked_for_when_it_is_back(void **state)
{
	struct chat_pair *p = *state;
	memory_bus_set_away(&p->hub->buses[1], true);
	gate.no_tops = true;
	act(p, pass);
	assert_int_equal(heard(p->remote[ANN], "message.created", NULL), 0);
	gate.no_tops = false;
	memory_bus_set_away(&p->hub->buses[1], false);
	for (int i = 0; i < 4;
	     i++) { /* the log is fetched, then the rooms that it names: each after its patience, and far below a second */
		pair_settle(p);
		fake_clock_advance_ns((uint64_t)(ACROSS_PATIENCE_MS + 1) * 1000000);
	}
	pair_settle(p);
	assert_same_memory(p);
	assert_heard_whole(p);
}

/* ---- holes ---- */

static void messages_that_cross_are_not_fetched(void **state)
{
	struct chat_pair *p = *state;
	struct conn *there = pair_sign_in(p, p->there, BOB);
	pass(p);
	gate.n_pages = 0;
	for (int i = 0; i < 20; i++) { /* each has committed before it hears of the other one's */
		send(p, p->actors[ANN], "hall");
		send(p, there, "hall");
		assert_int_equal(pair_turn(p), false);
		memory_hub_pass(p->hub);
		pair_settle(p);
	}
	pass(p);
	assert_int_equal(gate.n_pages, 0);
	assert_int_equal(heard(p->remote[GUS], "message.created", NULL), 40);
	assert_heard_whole(p);
	fake_conn_free(there);
}

static void a_hole_that_does_not_fill_is_fetched_after_a_moment(void **state)
{
	struct chat_pair *p = *state;
	gate.no_tops = true;
	send(p, p->actors[ANN], "hall");
	memory_hub_forget(p->hub);
	send(p, p->actors[ANN], "hall");
	memory_hub_pass(p->hub);
	fake_clock_advance_ns((uint64_t)(ACROSS_PATIENCE_MS - 2) * 1000000);
	pair_settle(p);
	assert_int_equal(gate.n_pages, 0);
	fake_clock_advance_ns(UINT64_C(3) * 1000000);
	pair_settle(p);
	assert_int_equal(gate.n_pages, 1);
	assert_int_equal(heard(p->remote[GUS], "message.created", NULL), 2);
	memory_bus_set_away(&p->hub->buses[1], true);
	send(p, p->actors[ANN], "hall"); /* is lost, and a message of there's own shows it */
	struct conn *there = pair_sign_in(p, p->there, BOB);
	send(p, there, "hall");
	pair_settle(p);
	assert_int_equal(gate.n_pages, 2); /* at once: no bus tells of the room */
	assert_int_equal(heard(p->remote[GUS], "message.created", NULL), 4);
	fake_conn_free(there);
}

/* After an outage every room has such a hole at once. */
static void a_hole_of_large_messages_is_fetched_in_pages_that_are_bounded(void **state)
{
	enum { MESSAGES = 40, TEXT_BYTES = 7900 }; /* more than a page */
	struct chat_pair *p = *state;
	char text[TEXT_BYTES + 1], request[TEXT_BYTES + 100];
	memset(text, 'x', TEXT_BYTES);
	text[TEXT_BYTES] = '\0';
	snprintf(request, sizeof(request), "{\"type\":\"message.send\",\"data\":{\"room\":\"hall\",\"text\":\"%s\"}}", text);
	memory_bus_set_away(&p->hub->buses[1], true);
	gate.no_tops = true;
	for (int i = 0; i < MESSAGES; i++)
		pair_ask(p, p->actors[ANN], request);
	assert_int_equal(gate.n_pages, 0);
	gate.no_tops = false;
	pair_pass_seconds(p, 1);
	assert_int_equal(heard(p->remote[GUS], "message.created", NULL), MESSAGES);
	assert_heard_whole(p);
	assert_true(gate.n_pages > 1);
	assert_int_equal(gate.n_pages_of_bytes, gate.n_pages);
}

static void a_join_behind_a_hole_does_not_wait_for_it_to_fill(void **state)
{
	struct chat_pair *p = *state;
	struct conn *cy = pair_sign_in(p, p->there, CY);
	gate.no_tops = true;
	send(p, p->actors[ANN], "hall");
	memory_hub_forget(p->hub);
	uint64_t before_ns = fake_clock_ns();
	say(cy, "{\"type\":\"room.join\",\"ref\":\"j\",\"data\":{\"room\":\"hall\"}}");
	for (int i = 0; !reply_to(cy, "j"); i++) {
		assert_true(i < 600000);
		loop_run_once(p->f->loop); /* the clock stands still: no patience ends */
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
	assert_int_equal(fake_clock_ns(), before_ns);
	assert_string_equal(code_of(cy, "j"), "ok");
	assert_int_equal(gate.n_pages, 1);
	fake_conn_free(cy);
}

static void notices_that_cross_are_applied_without_asking_the_store(void **state)
{
	struct chat_pair *p = *state;
	struct conn *bob = pair_sign_in(p, p->there, BOB);
	for (int i = 0; i < 4; i++)
		send(p, p->actors[ANN], "hall");
	pass(p);
	gate.no_tops = true;
	gate.n_pages = 0;
	for (int i = 0; i < 4; i++) {
		char mark[100];
		snprintf(mark, sizeof(mark), "{\"type\":\"read.mark\",\"data\":{\"room\":\"hall\",\"seq\":%d}}", 5 + i);
		pair_ask(p, bob, mark);
		pair_ask(p, p->actors[GUS], mark);
		memory_hub_pass(p->hub);
		pair_settle(p);
	}
	assert_int_equal(gate.n_pages, 0);
	assert_int_equal(heard(p->remote[GUS], "read.marked", NULL), 4);
	assert_int_equal(heard(p->watchers[BOB], "read.marked", NULL), 4);
	assert_same_memory(p);
	fake_conn_free(bob);
}

/* ---- what is not to be believed ---- */

static void lie(struct chat_pair *p, uint64_t channel, enum bus_kind kind, const void *bytes, size_t n)
{
	const struct bus_listener *l = &p->hub->buses[1].base.listener;
	uint8_t *exact = malloc(n > 0 ? n : 1);
	memcpy(exact, bytes, n);
	l->arrived(l->arg, channel, kind, exact, n);
	free(exact);
	pair_turn(p);
}

static void lie_event(struct chat_pair *p, const struct room *channel, const struct uid *room, enum event_type type, uint64_t seq)
{
	auto_buf json = BUF_INIT, packed = BUF_INIT;
	const struct event head = {.room = *room, .id = fresh_id(), .seq = seq, .author_no = p->no[ANN], .type = type};
	event_encode(&json, type, &head.id, 0, room, seq, "{\"text\":\"a lie\"}", 16);
	struct event *e = event_of(&head, json.data, json.len);
	event_pack(e, &packed);
	lie(p, channel->no, BUS_EVENT, packed.data, packed.len);
	event_free(e);
}

static void lie_notice(struct chat_pair *p, uint64_t channel, const struct uid *room, uint64_t seq)
{
	uint8_t bytes[8 + USER_NOTICE_BYTES];
	const struct user_notice n = {.kind = NOTICE_ROOM_REMOVED, .user_no = p->no[BOB], .room = *room, .seq = 9};
	packed_put_u64(bytes, seq);
	user_notice_pack(&n, bytes + 8);
	lie(p, channel, BUS_NOTICE, bytes, sizeof(bytes));
	lie(p, channel, BUS_NOTICE, bytes, sizeof(bytes) - 1);
	bytes[8] ^= 1; /* another version */
	lie(p, channel, BUS_NOTICE, bytes, sizeof(bytes));
}

static void a_bus_that_lies_is_not_believed(void **state)
{
	struct chat_pair *p = *state;
	struct room *hall = hall_of(p->there);
	struct chat *c = p->there;
	char epoch[STORE_EPOCH_BYTES + 1];
	memcpy(epoch, c->epoch, sizeof(epoch));
	const struct uid other = fresh_id();
	uint64_t last = hall->feed.last_seq;
	unsigned seed = 5;
	lie_event(p, hall, &other, EVENT_MESSAGE_CREATED, last + 1);
	lie_event(p, hall, &hall->id, EVENT_NOTICE, last + 1);
	lie_event(p, hall, &hall->id, EVENT_MESSAGE_CREATED, EVENT_SEQ_MOST + 1);
	assert_int_equal(p->metrics[1].across_refused_total, 3);
	lie_event(p, hall, &hall->id, EVENT_MESSAGE_CREATED, EVENT_SEQ_MOST); /* has the form, and is no event of the store's */
	lie_event(p, hall, &hall->id, EVENT_MESSAGE_CREATED, last + 5);
	const uint64_t seqs[] = {0, 1, 7, EVENT_SEQ_MOST, UINT64_MAX};
	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		uint8_t top[8];
		packed_put_u64(top, seqs[i]);
		lie(p, hall->no, BUS_TOP, top, sizeof(top));
		lie_notice(p, hall->no, &hall->id, seqs[i]);
		if (seqs[i] != 1 && seqs[i] != 7) /* a seq that was let out is passed over, and one that fits is a forgery */
			lie_notice(p, SERVER_LOG_ROOM_NO, &hall->id, seqs[i]);
	}
	for (int i = 0; i < 2000; i++) {
		uint8_t bytes[200];
		const uint64_t channels[] = {BUS_EVERYBODY, hall->no, SERVER_LOG_ROOM_NO, 12345};
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)rand_r(&seed);
		lie(p, channels[i % 4], (enum bus_kind)(i / 4 % 9), bytes, (size_t)rand_r(&seed) % sizeof(bytes));
	}
	pair_pass_seconds(p, 4);
	assert_int_equal(hall->feed.n_held, 0);
	assert_int_equal(hall->feed.newest_seq, last);
	assert_string_equal(c->epoch, epoch);
	assert_false(p->remote[BOB]->is_closing);
	act(p, pass);
	assert_same_memory(p);
	assert_heard_the_same(p);
	assert_heard_whole(p);
}

static void an_event_too_large_for_the_bus_is_fetched(void **state)
{
	struct chat_pair *p = *state;
	enum { LARGE = ACROSS_EVENT_BYTES_MAX };
	p->here->config.limits.text_bytes = p->here->config.limits.frame_bytes = 2 * (uint64_t)LARGE;
	char *text = malloc(LARGE + 1);
	memset(text, 'x', LARGE);
	text[LARGE] = 0;
	say(p->actors[ANN], "{\"type\":\"message.send\",\"ref\":\"l\",\"data\":{\"room\":\"hall\",\"text\":\"%s\"}}", text);
	pass(p);
	assert_string_equal(code_of(p->actors[ANN], "l"), "ok");
	fake_clock_advance_ns((uint64_t)(ACROSS_PATIENCE_MS + 1) * 1000000);
	pass(p);
	assert_int_equal(heard(p->remote[GUS], "message.created", NULL), 1);
	assert_int_equal(gate.n_pages, 1);
	free(text);
}

/* ---- signals ---- */

static void typing_and_signals_reach_readers_of_other_instances(void **state)
{
	struct chat_pair *p = *state;
	pair_ask(p, p->actors[BOB], "{\"type\":\"typing.set\",\"data\":{\"room\":\"hall\",\"typing\":true}}");
	pair_ask(p, p->actors[BOB], "{\"type\":\"signal.send\",\"data\":{\"room\":\"hall\",\"name\":\"wave\",\"data\":{\"n\":[1,2]}}}");
	pass(p);
	json_t *here = NULL, *there = NULL;
	assert_int_equal(heard(p->remote[GUS], "typing", NULL), 1);
	assert_int_equal(heard(p->watchers[GUS], "signal", &here), 1);
	assert_int_equal(heard(p->remote[GUS], "signal", &there), 1);
	assert_true(json_equal(here, there));
	assert_int_equal(heard(p->remote[CY], "typing", NULL), 0); /* is no member */
	assert_int_equal(hall_of(p->there)->feed.last_seq, hall_of(p->here)->feed.last_seq);
}

static void a_signal_of_somebody_who_was_removed_is_dropped(void **state)
{
	struct chat_pair *p = *state;
	struct conn *bob = pair_sign_in(p, p->there, BOB);
	pass(p);
	pair_ask(p, p->actors[BOB], "{\"type\":\"signal.send\",\"data\":{\"room\":\"hall\",\"name\":\"late\"}}");
	pair_ask(p, bob, "{\"type\":\"room.leave\",\"data\":{\"room\":\"hall\"}}"); /* there: it has not come to here yet */
	pass(p);
	assert_int_equal(heard(p->watchers[GUS], "signal", NULL), 1);
	assert_int_equal(heard(p->remote[GUS], "signal", NULL), 0);
	assert_int_equal(p->metrics[1].across_refused_total, 0);
	fake_conn_free(bob);
}

static void type_help(struct chat_pair *p)
{
	pair_ask(p, p->actors[BOB], "{\"type\":\"command.run\",\"data\":{\"room\":\"hall\",\"text\":\"/help\"}}");
}

static void assert_bob_alone_is_told(struct chat_pair *p, unsigned n_here, unsigned n_there)
{
	assert_int_equal(heard(p->actors[BOB], "message.ephemeral", NULL), n_here);
	assert_int_equal(heard(p->watchers[BOB], "message.ephemeral", NULL), n_here);
	assert_int_equal(heard(p->remote[BOB], "message.ephemeral", NULL), n_there);
	for (int i = ANN; i <= GUS; i += GUS - ANN) {
		assert_int_equal(heard(p->watchers[i], "message.ephemeral", NULL), 0);
		assert_int_equal(heard(p->remote[i], "message.ephemeral", NULL), 0);
	}
}

static void what_is_for_one_member_reaches_that_account_everywhere_and_nobody_else(void **state)
{
	struct chat_pair *p = *state;
	type_help(p);
	pass(p);
	assert_bob_alone_is_told(p, 1, 1);
	assert_int_equal(p->metrics[1].across_refused_total, 0);
}

/* As the signal that an older version would pass on to everybody, and the other way round. */
static void what_is_for_one_member_is_no_signal(void **state)
{
	struct chat_pair *p = *state;
	pair_settle(p);
	memory_hub_forget(p->hub);
	type_help(p);
	pair_ask(p, p->actors[BOB], "{\"type\":\"typing.set\",\"data\":{\"room\":\"hall\"}}");
	pair_settle(p);
	for (size_t i = 0; i < p->hub->n_packets; i++) {
		struct bus_packet *packet = &p->hub->packets[i];
		packet->kind = packet->kind == BUS_ASIDE ? BUS_SIGNAL : packet->kind == BUS_SIGNAL ? BUS_ASIDE : packet->kind;
	}
	pass(p);
	assert_bob_alone_is_told(p, 1, 0);
	assert_int_equal(heard(p->remote[GUS], "typing", NULL), 0);
	assert_int_equal(p->metrics[1].across_refused_total, 2);
}

static void who_is_removed_or_signed_out_elsewhere_gets_nothing_more(void **state)
{
	struct chat_pair *p = *state;
	pair_ask(p, p->actors[BOB], "{\"type\":\"room.leave\",\"data\":{\"room\":\"hall\"}}");
	pair_ask(p, p->actors[GUS], "{\"type\":\"account.logout\",\"data\":{}}");
	pass(p);
	send(p, p->actors[ANN], "hall");
	pair_ask(p, p->actors[ANN], "{\"type\":\"typing.set\",\"data\":{\"room\":\"hall\",\"typing\":true}}");
	pass(p);
	assert_true(p->remote[GUS]->is_closing);
	for (int i = BOB; i <= GUS; i += GUS - BOB) {
		assert_int_equal(heard(p->remote[i], "message.created", NULL), 0);
		assert_int_equal(heard(p->remote[i], "typing", NULL), 0);
	}
	assert_int_equal(heard(p->remote[ANN], "message.created", NULL), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_one_chat_did_is_known_and_told_at_the_other),
		TEST(any_order_repeats_and_losses_lead_to_the_same),
		TEST(what_was_missed_while_the_bus_was_away_is_asked_for_when_it_is_back),
		TEST(messages_that_cross_are_not_fetched),
		TEST(a_hole_that_does_not_fill_is_fetched_after_a_moment),
		TEST(a_hole_of_large_messages_is_fetched_in_pages_that_are_bounded),
		TEST(a_join_behind_a_hole_does_not_wait_for_it_to_fill),
		TEST(notices_that_cross_are_applied_without_asking_the_store),
		TEST(a_bus_that_lies_is_not_believed),
		TEST(an_event_too_large_for_the_bus_is_fetched),
		TEST(typing_and_signals_reach_readers_of_other_instances),
		TEST(a_signal_of_somebody_who_was_removed_is_dropped),
		TEST(what_is_for_one_member_reaches_that_account_everywhere_and_nobody_else),
		TEST(what_is_for_one_member_is_no_signal),
		TEST(who_is_removed_or_signed_out_elsewhere_gets_nothing_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
