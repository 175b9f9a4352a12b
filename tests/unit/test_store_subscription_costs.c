/* Subscriptions: what they cost those who have none, and those who share the writer with them. */
#include "cmocka_wrap.h"

#include "base/clock.h"
#include "store_fixture.h"

static uint64_t made(struct store_fixture *f, const char *name, uint64_t owner_no, int64_t from_ms)
{
	struct store_subscription_create op = {.id = fresh_id(),
					       .owner_no = owner_no,
					       .name = text_from(name),
					       .filter = text_from("{}"),
					       .ack_wait_ms = 30000,
					       .max_tries = 3,
					       .from_ms = from_ms};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_CREATE), 0);
	return op.subscription_no;
}

/* The shortest time of some, in microseconds. */
static uint64_t ack_us(struct store_fixture *f, struct store_subscription_ack op)
{
	uint64_t least = UINT64_MAX;
	for (int i = 0; i < 5; i++) {
		uint64_t began = clock_mono_ns();
		assert_int_equal(store_fixture_do(f, &op.op, STORE_SUBSCRIPTION_ACK), 0);
		assert_int_equal(op.n_acknowledged, 0);
		uint64_t us = (clock_mono_ns() - began) / 1000;
		least = us < least ? us : least;
	}
	return least;
}

/* The writer does it, and all who send wait for the writer. */
static void to_acknowledge_in_many_rooms_costs_about_as_much_as_many_deliveries(void **state)
{
	enum { N = 1000 };
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), no = made(f, "c", ann, SUBSCRIPTION_FROM_END);
	struct subscription_change changes[N];
	int64_t rooms[N], seqs[N], deliveries[N];
	for (int i = 0; i < N; i++) {
		changes[i] = (struct subscription_change){
			.room_no = (uint64_t)i + 1000, .seq = 5, .tries = 1, .wait_ms = 60000, .delivery = (uint64_t)i + 1};
		rooms[i] = i + 1000;
		seqs[i] = 4;
		deliveries[i] = i + 2 * N;
	}
	struct store_subscription_move move = {.subscription_no = no, .fence = 1, .changes = changes, .n_changes = N};
	assert_int_equal(store_fixture_do(f, &move.op, STORE_SUBSCRIPTION_MOVE), 0);
	uint64_t of_deliveries =
		ack_us(f, (struct store_subscription_ack){.subscription_no = no, .deliveries = deliveries, .n_deliveries = N});
	uint64_t of_rooms = ack_us(f, (struct store_subscription_ack){.subscription_no = no, .rooms = rooms, .seqs = seqs, .n_rooms = N});
	print_message("%llu and %llu us\n", (unsigned long long)of_deliveries, (unsigned long long)of_rooms);
	assert_true(of_rooms < 15 * (of_deliveries + 500));
	seqs[7] = INT64_C(9007199254740991); /* no other room's */
	struct store_subscription_ack all = {.subscription_no = no, .rooms = rooms, .seqs = seqs, .n_rooms = N};
	assert_int_equal(store_fixture_do(f, &all.op, STORE_SUBSCRIPTION_ACK), 0);
	assert_int_equal(all.n_acknowledged, 1);
	for (int i = 0; i < N; i++)
		seqs[i] = 5;
	assert_int_equal(store_fixture_do(f, &all.op, STORE_SUBSCRIPTION_ACK), 0);
	assert_int_equal(all.n_acknowledged, N - 1);
}

#ifdef STORE_ON_POSTGRES
#define ID_OF_I "decode(lpad(to_hex(i), 32, '0'), 'hex')"
#else
#define ID_OF_I "randomblob(16)"
#endif

static void the_list_of_an_owner_does_not_cost_what_others_have(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_BOT);
	uint64_t no = made(f, "c", bob, SUBSCRIPTION_FROM_END), page_us = UINT64_MAX, find_us = UINT64_MAX;
	assert_int_equal(ann, 1);
	store_fixture_close(f);
	store_fixture_change(
		f,
		"INSERT INTO subscription (no, id, owner_no, kind, name, filter, ordering, status, ack_wait_ms, max_tries, fence, lease_until_ms, created_ms)"
		" WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
		" SELECT 1000 + i, " ID_OF_I ", 1, 0, CAST(i AS TEXT), '{}', 0, 0, 1, 1, 1, 0, 0 FROM n");
	assert_true(store_fixture_open(f));
	for (int i = 0; i < 10; i++) {
		uint64_t began = clock_mono_ns();
		struct store_subscription_page page = {.owner_no = bob, .limit = 10};
		assert_int_equal(store_fixture_do(f, &page.op, STORE_SUBSCRIPTION_PAGE), 0);
		assert_int_equal(page.n_listed, 1);
		uint64_t between = clock_mono_ns();
		struct store_subscription_find find = {.which.no = no};
		assert_int_equal(store_fixture_do(f, &find.op, STORE_SUBSCRIPTION_FIND), 0);
		uint64_t ended = clock_mono_ns();
		page_us = (between - began) / 1000 < page_us ? (between - began) / 1000 : page_us;
		find_us = (ended - between) / 1000 < find_us ? (ended - between) / 1000 : find_us;
		store_op_finish(&find.op);
		store_subscription_page_finish(&page);
	}
	print_message("%llu and %llu us\n", (unsigned long long)page_us, (unsigned long long)find_us);
	assert_true(page_us < 10 * (find_us + 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)
		TEST(to_acknowledge_in_many_rooms_costs_about_as_much_as_many_deliveries),
		TEST(the_list_of_an_owner_does_not_cost_what_others_have),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
