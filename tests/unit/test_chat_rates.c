/* Two chats on one bus: what limits attempts from outside counts on both. */
#include "chat_pair.h"

#include "chat/rate.h"
#include "store/packed.h"

enum {
	ATTEMPTS = 4,
	UPGRADES = 20,
	TOLD_MS_MAX = 100, /* the other counts from the moment that it is told; far below the half second that an upgrade costs */
};

static int setup(void **state)
{
	if (pair_setup_shared_with(state, memory_hub_new()) != 0)
		return -1;
	struct chat_pair *p = *state;
	struct chat *chats[] = {p->here, p->there};
	for (size_t i = 0; i < 2; i++) {
		chats[i]->config.guests = true;
		chats[i]->config.limits.password_attempts = chats[i]->config.limits.address_accounts = ATTEMPTS;
		chats[i]->config.limits.address_requests = UPGRADES / 10; /* a burst of ten seconds */
	}
	return 0;
}

static struct conn *open_at(struct chat *c)
{
	struct conn *conn = fake_conn_open(c, &(struct session_config){.transport = TRANSPORT_WEBSOCKET});
	memset(conn->key, 7, sizeof(conn->key)); /* an address that nobody has used yet */
	return conn;
}

/* What becomes of one more attempt. */
static const char *attempt(struct chat_pair *p, struct chat *c, const char *request)
{
	static const char *const codes[] = {"ok", "rate_limited"};
	struct conn *conn = open_at(c);
	say(conn, "{\"ref\":\"a\",%s}", request);
	for (int i = 0; !reply_to(conn, "a"); i++) {
		assert_true(i < 600000);
		pair_turn(p);
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
	const char *code = codes[strcmp(code_of(conn, "a"), codes[1]) == 0];
	fake_conn_free(conn);
	return code;
}

static void attempts_count_on_both(struct chat_pair *p, const char *request)
{
	for (int i = 0; i < ATTEMPTS - 1; i++)
		assert_string_equal(attempt(p, p->here, request), "ok");
	pair_turn(p);
	assert_int_equal(p->hub->n_packets > 0, true);
	memory_hub_pass(p->hub);
	assert_string_equal(attempt(p, p->there, request), "ok");
	assert_string_equal(attempt(p, p->there, request), "rate_limited");
	pair_turn(p);
	memory_hub_pass(p->hub);
	assert_string_equal(attempt(p, p->here, request), "rate_limited");
	fake_clock_advance_ns(UINT64_C(60000000000) / ATTEMPTS); /* and a minute gives as many as at one */
	pair_turn(p);
	assert_string_equal(attempt(p, p->there, request), "ok");
	assert_string_equal(attempt(p, p->there, request), "rate_limited");
}

static void password_attempts_count_on_both(void **state)
{
	attempts_count_on_both(*state, "\"type\":\"account.login\",\"data\":{\"name\":\"ann\",\"password\":\"not the one\"}");
}

static void new_guests_count_on_both(void **state)
{
	attempts_count_on_both(*state, "\"type\":\"session.start\",\"data\":{\"guest\":\"somebody\"}");
}

static void upgrades_count_on_both(void **state)
{
	struct chat_pair *p = *state;
	struct conn *conn = open_at(p->here);
	for (int i = 0; i < UPGRADES; i++)
		assert_int_equal(chat_admit_upgrade(p->here, conn), 0);
	pair_turn(p);
	assert_int_equal(p->hub->n_packets, 1); /* joined */
	memory_hub_pass(p->hub);
	uint32_t there_ms = chat_admit_upgrade(p->there, conn), here_ms = chat_admit_upgrade(p->here, conn);
	assert_true(there_ms > 0 && there_ms <= here_ms + TOLD_MS_MAX);
	fake_conn_free(conn);
}

/* Told twice, or with numbers that nobody can have taken: a bucket is emptied, and no more than that. */
static void nobody_waits_longer_than_at_one(void **state)
{
	struct chat_pair *p = *state;
	struct conn *conn = open_at(p->here);
	assert_int_equal(chat_admit_upgrade(p->here, conn), 0);
	pair_turn(p);
	assert_int_equal(p->hub->n_packets, 1);
	struct bus_packet *told = &p->hub->packets[0];
	assert_int_equal(told->kind, BUS_TAKEN);
	assert_int_equal(told->n, RATE_TOLD_BYTES);
	packed_put_u32(told->bytes + 20, UINT32_MAX);
	memory_hub_deliver(p->hub, 0);
	memory_hub_deliver(p->hub, 0);
	uint32_t wait_ms = chat_admit_upgrade(p->there, conn);
	assert_true(wait_ms > 0 && wait_ms <= 10000 / UPGRADES);
	packed_put_u32(told->bytes + 16, RATE_BUCKETS); /* of a newer version */
	memory_hub_deliver(p->hub, 0);
	assert_int_equal(p->metrics[1].across_refused_total, 0);
	told->n--;
	memory_hub_deliver(p->hub, 0);
	assert_int_equal(p->metrics[1].across_refused_total, 1);
	memory_hub_forget(p->hub);
	fake_conn_free(conn);
}

static size_t n_told(struct chat_pair *p)
{
	size_t n = 0;
	pair_turn(p);
	for (size_t i = 0; i < p->hub->n_packets; i++)
		n += p->hub->packets[i].n / RATE_TOLD_BYTES;
	memory_hub_forget(p->hub);
	return n;
}

static void an_attack_from_many_addresses_is_told_at_a_pace(void **state)
{
	enum { ADDRESSES = 3 * RATE_TOLD_PER_SECOND };
	struct chat_pair *p = *state;
	struct conn *conn = open_at(p->here);
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		memcpy(conn->key, &i, sizeof(i));
		assert_int_equal(chat_admit_upgrade(p->here, conn), 0);
	}
	size_t n_first = n_told(p), n_all = n_first;
	assert_int_equal(n_first, RATE_TOLD_PER_SECOND); /* an address has one bucket to tell of, and counts as one */
	assert_in_range(n_told(p), 0, 1);
	for (int i = 0; i < 4; i++) {
		fake_clock_advance_ns(1000000000);
		n_all += n_told(p);
	}
	assert_in_range(n_all, ADDRESSES - 1, ADDRESSES); /* late, and not lost */
	fake_conn_free(conn);
}

static void without_a_bus_each_counts_alone(void **state)
{
	struct chat_pair *p = *state;
	struct conn *conn = open_at(p->here);
	memory_bus_set_away(&p->hub->buses[0], true);
	for (int i = 0; i < UPGRADES; i++)
		assert_int_equal(chat_admit_upgrade(p->here, conn), 0);
	pair_turn(p);
	assert_int_equal(memory_hub_pass(p->hub), 0);
	for (int i = 0; i < UPGRADES; i++)
		assert_int_equal(chat_admit_upgrade(p->there, conn), 0);
	fake_conn_free(conn);
}

static int teardown(void **state)
{
	pair_settle(*state); /* the clock went on: questions are under way */
	return pair_teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(password_attempts_count_on_both),
		TEST(new_guests_count_on_both),
		TEST(upgrades_count_on_both),
		TEST(nobody_waits_longer_than_at_one),
		TEST(an_attack_from_many_addresses_is_told_at_a_pace),
		TEST(without_a_bus_each_counts_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
