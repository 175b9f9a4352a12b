/* When session tokens are deleted, by clocks that the test sets. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static const int64_t DAY_MS = 24 * 60 * 60 * (int64_t)1000;

/* Days that are added to what the system's clocks say; read by the store's threads. */
static _Atomic int64_t wall_days, ran_days;

int clock_gettime(clockid_t which, struct timespec *t)
{
	int failed = (int)syscall(SYS_clock_gettime, which, t);
	if (which == CLOCK_REALTIME)
		t->tv_sec += atomic_load(&wall_days) * DAY_MS / 1000;
	else if (which == CLOCK_MONOTONIC)
		t->tv_sec += atomic_load(&ran_days) * DAY_MS / 1000;
	return failed;
}

static int setup(void **state)
{
	atomic_store(&wall_days, 0);
	atomic_store(&ran_days, 0);
	return store_fixture_setup(state);
}

/* Both clocks, as time passes. */
static void pass_days(int days)
{
	atomic_fetch_add(&wall_days, days);
	atomic_fetch_add(&ran_days, days);
}

static void set_clock(int days_more)
{
	atomic_fetch_add(&wall_days, days_more);
}

static void make_token(struct store_fixture *f, uint64_t user_no, uint8_t first, enum token_kind kind)
{
	struct store_token_create op = {.user_no = user_no, .kind = kind};
	memset(op.hash, first, sizeof op.hash);
	assert_int_equal(store_fixture_do(f, &op.op, STORE_TOKEN_CREATE), 0);
}

static void commit(struct store_fixture *f)
{
	struct store_op ping = {0};
	assert_int_equal(store_fixture_do(f, &ping, STORE_PING), 0);
}

static int count_tokens(const struct store_fixture *f)
{
	char path[300];
	snprintf(path, sizeof path, "%s/parley.db", f->dir);
	sqlite3 *db;
	sqlite3_stmt *st;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM token", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static void reopen(struct store_fixture *f)
{
	store_fixture_close(f);
	assert_true(store_fixture_open(f));
}

static void tokens_unused_for_long_are_deleted_once_the_server_ran_for_a_month(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bot = make_user(f, "bot", USER_BOT);
	make_token(f, ann, 1, TOKEN_SESSION);
	make_token(f, bot, 2, TOKEN_BOT);
	pass_days(180);
	make_token(f, ann, 3, TOKEN_SESSION); /* and this write asks: nothing is older than 180 days */
	for (int i = 0; i < 31; i++) {
		pass_days(1);
		commit(f);
	}
	assert_int_equal(count_tokens(f), 3);
	for (int i = 0; i < 28; i++) {
		pass_days(1);
		commit(f);
		if (i % 10 == 0)
			reopen(f); /* how long it ran is remembered */
	}
	assert_int_equal(count_tokens(f), 3);
	for (int i = 0; i < 3; i++) {
		pass_days(1);
		commit(f);
	}
	assert_int_equal(count_tokens(f), 2); /* the one used on the first day; a bot's token has no end */
}

static void a_clock_that_is_far_ahead_deletes_nothing(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON);
	make_token(f, ann, 1, TOKEN_SESSION);
	for (int ahead = 181; ahead < 4000; ahead += 1000) {
		set_clock(ahead);
		commit(f); /* one commit, or many within a week, or a start */
		assert_int_equal(count_tokens(f), 1);
		reopen(f);
		for (int i = 0; i < 7; i++) {
			pass_days(1);
			commit(f);
		}
		assert_int_equal(count_tokens(f), 1);
		set_clock(-ahead);
		commit(f);
		/* What it ran meanwhile does not count for the question that is asked now. */
		for (int i = 0; i < 25; i++) {
			pass_days(1);
			commit(f);
		}
		assert_int_equal(count_tokens(f), 1);
		struct store_sign_in op = {.by_token = true};
		memset(op.token_hash, 1, sizeof op.token_hash);
		assert_int_equal(store_fixture_do(f, &op.op, STORE_SIGN_IN), 0);
		store_sign_in_finish(&op);
		commit(f); /* notes the use */
	}
}

static void a_server_that_was_off_for_a_year_waits_too(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON);
	make_token(f, ann, 1, TOKEN_SESSION);
	store_fixture_close(f);
	set_clock(365);
	assert_true(store_fixture_open(f));
	commit(f);
	assert_int_equal(count_tokens(f), 1);
	for (int i = 0; i < 70; i++) {
		pass_days(1);
		commit(f);
	}
	assert_int_equal(count_tokens(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tokens_unused_for_long_are_deleted_once_the_server_ran_for_a_month, setup,
						store_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_clock_that_is_far_ahead_deletes_nothing, setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_server_that_was_off_for_a_year_waits_too, setup, store_fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
