#include "postgres_fixture.h"

#include "base/clock.h"
#include "base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct db_statement client_id_get = {.sql = "SELECT event_pk FROM client_id WHERE author_no = $1 AND client_id = $2",
						  .parameters = "nb"};
static const struct db_statement client_id_put = {
	.sql = "INSERT INTO client_id (author_no, client_id, event_pk) VALUES ($1, $2, $3)",
	.postgres_rows =
		"INSERT INTO client_id (author_no, client_id, event_pk) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[])",
	.parameters = "nbn"};
static const struct db_statement client_id_put_one = {.sql = "INSERT INTO client_id (author_no, client_id, event_pk) VALUES ($1, $2, $3)",
						      .parameters = "nbn"};
static const struct db_statement client_id_count = {.sql = "SELECT count(*) FROM client_id", .parameters = ""};
static const struct db_statement event_put = {
	.postgres_rows = "INSERT INTO event (pk, id, type, author_no, at_ms, n_messages, target_seq, json, checksum)"
			 " SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],"
			 " $7::bigint[], $8::text[], $9::bigint[])",
	.parameters = "nbnnnnntn"};
static const struct db_statement wrong = {.sql = "SELECT 1 / $1", .parameters = "n"};
static const struct db_statement backend_pid = {.sql = "SELECT pg_backend_pid()", .parameters = ""};

static struct db_value client_id(uint64_t i)
{
	static uint64_t kept[4096];
	kept[i] = i;
	return db_bytes(&kept[i], sizeof kept[i]);
}

static void empty(struct fixture *f)
{
	postgres_server_sql(&f->server, "postgres", "TRUNCATE client_id, event, writer", NULL, 0);
}

/* --- values ------------------------------------------------------------------------------------------------------------------------------ */

static void values_come_back_as_they_were_sent(void **state)
{
	static const struct db_statement echo = {.sql = "SELECT $1, $2, $3", .parameters = "ntb"};
	static const int64_t numbers[] = {0, 1, -1, INT64_MAX, INT64_MIN, (int64_t)1 << 36};
	auto_db *db = fixture_open(*state);
	size_t n_large = 1 << 20;
	auto_free char *large = mem_alloc(n_large);

	memset(large, 'x', n_large);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		auto_answer *a = db_ask(db, &echo, db_signed(numbers[i]), db_text((struct text){large, n_large}), db_bytes("\0\1\377", 3));
		assert_int_equal(db_row(a), DB_ROW);
		assert_int_equal(db_column_signed(a, 0), numbers[i]);
		assert_int_equal(db_column_bytes(a, 1).n, n_large);
		assert_memory_equal(db_column_bytes(a, 1).s, large, n_large);
		assert_int_equal(db_column_bytes(a, 2).n, 3);
		assert_memory_equal(db_column_bytes(a, 2).s, "\0\1\377", 3);
		assert_int_equal(db_row(a), DB_DONE);
		assert_int_equal(db_row(a), DB_DONE);
	}
	auto_answer *a = db_ask(db, &echo, db_known(0), db_text((struct text){"", 0}), db_bytes(NULL, 0));
	assert_int_equal(db_row(a), DB_ROW);
	assert_true(db_column_is_null(a, 0));
	assert_int_equal(db_column_signed(a, 0), 0);
	assert_false(db_column_is_null(a, 1));
	assert_non_null(db_column_bytes(a, 1).s);
	assert_int_equal(db_column_bytes(a, 1).n, 0);
	assert_false(db_column_is_null(a, 2));
	auto_answer *nothing = db_ask(db, &echo, db_known(0), db_text((struct text){0}), (struct db_value){.kind = DB_NULL});
	assert_int_equal(db_row(nothing), DB_ROW);
	assert_true(db_column_is_null(nothing, 1) && db_column_is_null(nothing, 2));
	assert_null(db_column_bytes(nothing, 1).s);
}

static void columns_of_other_types_are_read_by_their_type(void **state)
{
	static const struct db_statement types = {
		.sql = "SELECT true, false, (-2)::int2, (-3)::int4, count(*), 'x'::varchar, 1.5::float8, NULL FROM generate_series(1, 7)",
		.parameters = ""};
	auto_db *db = fixture_open(*state);
	auto_answer *a = db_ask_plain(db, &types);

	assert_int_equal(db_row(a), DB_ROW);
	assert_int_equal(db_column_signed(a, 0), 1);
	assert_int_equal(db_column_signed(a, 1), 0);
	assert_int_equal(db_column_signed(a, 2), -2);
	assert_int_equal(db_column_signed(a, 3), -3);
	assert_int_equal(db_column_signed(a, 4), 7);
	assert_true(db_column_is_number(a, 4));
	assert_int_equal(db_column_bytes(a, 5).n, 1);
	assert_false(db_column_is_number(a, 6));
	assert_int_equal(db_column_signed(a, 6), 0);
	assert_true(db_column_is_null(a, 7));
	assert_true(db_column_is_null(a, 8)); /* there is no such column */
	assert_null(db_column_bytes(a, 0).s);
}

static void an_array_of_numbers_is_one_parameter(void **state)
{
	static const struct db_statement sum = {.sql = "SELECT coalesce(sum(n), 0)::bigint, count(*) FROM unnest($1) n", .parameters = "N"};
	auto_db *db = fixture_open(*state);
	int64_t numbers[1000];

	for (int i = 0; i < 1000; i++)
		numbers[i] = i - 10;
	auto_answer *some = db_ask(db, &sum, db_numbers(numbers, 1000));
	auto_answer *none = db_ask(db, &sum, db_numbers(numbers, 0));
	assert_int_equal(db_row(some), DB_ROW);
	assert_int_equal(db_column_signed(some, 0), 999 * 1000 / 2 - 10000);
	assert_int_equal(db_row(none), DB_ROW);
	assert_int_equal(db_column_signed(none, 1), 0);
}

/* --- batches ----------------------------------------------------------------------------------------------------------------------------- */

static void put_event(struct db *db, uint64_t seq, const char *json, size_t n)
{
	static const uint8_t id[16] = {7};
	assert_int_equal(db_send(db, &event_put, db_number((uint64_t)1 << 36 | seq), db_bytes(id, sizeof id), db_number(1),
				 db_known(seq % 2), db_number(3), db_number(seq), db_known(0), db_text((struct text){json, n}),
				 db_signed(-1)),
			 DB_OK);
}

static void a_batch_takes_two_round_trips(void **state)
{
	enum { N = 500 };
	struct fixture *f = *state;
	auto_db *db = fixture_open(f);

	empty(f);
	for (int round = 0; round < 2; round++) { /* first all is prepared and made, then all is found */
		uint64_t before = db_postgres_round_trips(db);
		struct db_answer *found[N];
		assert_int_equal(db_begin(db, true), DB_OK);
		for (uint64_t i = 0; i < N; i++)
			found[i] = db_ask(db, &client_id_get, db_number(i), client_id(i));
		for (uint64_t i = 0; i < N; i++) {
			uint64_t pk = (uint64_t)1 << 36 | (i + 1);
			assert_int_equal(db_claim(db, found[i], &client_id_put, db_number(i), client_id(i), db_number(pk)),
					 round == 0 ? DB_OK : DB_ROW);
			if (round == 0)
				put_event(db, i + 1, "{\"text\":\"\303\244\"}", 13);
			else
				assert_int_equal(db_column_number(found[i], 0), pk);
			db_done(found[i]);
		}
		assert_int_equal(db_commit(db), DB_OK);
		assert_int_equal(db_postgres_round_trips(db) - before, 2);
	}
	static const struct db_statement look = {
		.sql = "SELECT count(*), sum(pk & 4095)::bigint, count(author_no), min(json), max(checksum), count(target_seq) FROM event",
		.parameters = ""};
	auto_answer *a = db_ask_plain(db, &look);
	assert_int_equal(db_row(a), DB_ROW);
	assert_int_equal(db_column_number(a, 0), N);
	assert_int_equal(db_column_number(a, 1), N * (N + 1) / 2);
	assert_int_equal(db_column_number(a, 2), N / 2);
	assert_memory_equal(db_column_bytes(a, 3).s, "{\"text\":\"\303\244\"}", 13);
	assert_int_equal(db_column_signed(a, 4), -1);
	assert_int_equal(db_column_signed(a, 5), 0);
	assert_int_equal(fixture_number(db, &client_id_count), N);
}

/* Reading the next answer of what was asked together sends nothing. */
static void changes_between_answers_wait_for_the_commit(void **state)
{
	enum { N = 1000 };
	struct fixture *f = *state;
	auto_db *db = fixture_open(f);
	struct db_answer *found[N];

	empty(f);
	uint64_t before = db_postgres_round_trips(db);
	assert_int_equal(db_begin(db, true), DB_OK);
	for (uint64_t i = 0; i < N; i++)
		found[i] = db_ask(db, &client_id_get, db_number(i), client_id(i));
	for (uint64_t i = 0; i < N; i++) {
		assert_int_equal(db_claim(db, found[i], &client_id_put_one, db_number(i), client_id(i), db_number(1)), DB_OK);
		db_done(found[i]);
	}
	assert_int_equal(db_commit(db), DB_OK);
	assert_int_equal(db_postgres_round_trips(db) - before, 2);
	assert_int_equal(fixture_number(db, &client_id_count), N);
}

static void nothing_is_sent_before_an_answer_is_wanted(void **state)
{
	auto_db *db = fixture_open(*state);
	uint64_t before = db_postgres_round_trips(db);

	assert_int_equal(db_begin(db, true), DB_OK);
	db_done(db_ask(db, &client_id_get, db_number(1), client_id(1))); /* nobody wants it */
	assert_int_equal(db_commit(db), DB_OK);
	assert_int_equal(db_postgres_round_trips(db) - before, 1);
}

static void answers_may_be_read_in_any_order_and_later(void **state)
{
	static const struct db_statement series = {.sql = "SELECT n FROM generate_series(1, $1) n", .parameters = "n"};
	auto_db *db = fixture_open(*state);

	auto_answer *first = db_ask(db, &series, db_number(3));
	auto_answer *second = db_ask(db, &series, db_number(0));
	auto_answer *third = db_ask(db, &series, db_number(2));
	assert_int_equal(db_row(third), DB_ROW);
	assert_int_equal(db_begin(db, false), DB_OK);
	auto_answer *within = db_ask(db, &series, db_number(1));
	assert_int_equal(db_row(first), DB_ROW);
	assert_int_equal(db_row(first), DB_ROW);
	assert_int_equal(db_commit(db), DB_OK);
	assert_int_equal(db_row(first), DB_ROW);
	assert_int_equal(db_column_number(first, 0), 3);
	assert_int_equal(db_row(first), DB_DONE);
	assert_int_equal(db_row(second), DB_DONE);
	assert_int_equal(db_row(third), DB_ROW);
	assert_int_equal(db_row(within), DB_ROW);
}

/* The socket buffers of both sides are full at once: a side that only writes waits without end. */
static void large_questions_with_large_answers_pass_each_other(void **state)
{
	enum { N = 48 };
	static const struct db_statement echo = {.sql = "SELECT $1", .parameters = "t"};
	struct fixture *f = *state;
	/* A sanitizer on a busy machine takes its time. */
	auto_db *db = fixture_open_with(&(struct db_postgres_options){
		.address = f->address, .may_lose_commits = true, .connect_ms = 60000, .statement_ms = 100000});
	size_t n = 1 << 20;
	auto_free char *large = mem_alloc(n);
	struct db_answer *answers[N];

	memset(large, 'y', n);
	for (int i = 0; i < N; i++)
		answers[i] = db_ask(db, &echo, db_text((struct text){large, n}));
	for (int i = N - 1; i >= 0; i--) {
		assert_int_equal(db_row(answers[i]), DB_ROW);
		assert_int_equal(db_column_bytes(answers[i], 0).n, n);
		db_done(answers[i]);
	}
	assert_int_equal(db_begin(db, true), DB_OK);
	for (uint64_t i = 0; i < N; i++) /* three messages of 16 MiB */
		put_event(db, 10000 + i, large, n);
	assert_int_equal(db_commit(db), DB_OK);
	empty(f);
}

static size_t resident_pages(void)
{
	size_t total = 0, resident = 0;
	FILE *statm = fopen("/proc/self/statm", "r");
	assert_int_equal(fscanf(statm, "%zu %zu", &total, &resident), 2);
	fclose(statm);
	return resident;
}

static void many_rows_do_not_fill_memory(void **state)
{
	enum { N = 100000 };
	static const struct db_statement many = {
		.sql = "SELECT n, repeat('x', 1000) FROM generate_series(1, $1) n", .parameters = "n", .many_rows = true};
	auto_db *db = fixture_open(*state);
	empty(*state);
	size_t before = resident_pages();
	auto_answer *a = db_ask(db, &many, db_number(N));

	for (int i = 1; i <= N; i++) {
		assert_int_equal(db_row(a), DB_ROW);
		assert_int_equal(db_column_signed(a, 0), i);
	}
	assert_int_equal(db_row(a), DB_DONE);
	assert_true(resident_pages() - before < 40u << 20 >> 12); /* of 100 MB */

	/* What is not read before the next question is lost, and says so. */
	auto_answer *half = db_ask(db, &many, db_number(10));
	assert_int_equal(db_row(half), DB_ROW);
	assert_int_equal(fixture_number(db, &client_id_count), 0);
	assert_int_equal(db_row(half), DB_FAILED);
}

/* --- failures ---------------------------------------------------------------------------------------------------------------------------- */

static void a_taken_key_is_a_conflict_and_the_connection_goes_on(void **state)
{
	struct fixture *f = *state;
	auto_db *db = fixture_open(f);
	char reason[DB_POSTGRES_REASON_BYTES + 8];

	empty(f);
	for (int round = 0; round < 3; round++) {
		const struct db_statement *put = round == 1 ? &client_id_put_one : &client_id_put;
		assert_int_equal(db_begin(db, true), DB_OK);
		assert_int_equal(db_send(db, put, db_number(1), client_id(1), db_number(5)), DB_OK);
		assert_int_equal(db_send(db, put, db_number(2), client_id((uint64_t)round + 2), db_number(5)), DB_OK);
		assert_int_equal(db_commit(db), round == 0 ? DB_OK : DB_CONFLICT);
		if (round == 0)
			continue;
		assert_non_null(strstr(db_reason(db, reason, sizeof reason), "23505"));
		assert_int_equal(db_send(db, put, db_number(9), client_id(9), db_number(5)), DB_CONFLICT);
		auto_answer *a = db_ask_plain(db, &client_id_count);
		assert_int_equal(db_row(a), DB_CONFLICT);
		assert_int_equal(db_commit(db), DB_CONFLICT);
		assert_int_equal(db_rollback(db), DB_OK);
		assert_int_equal(fixture_number(db, &client_id_count), 2); /* nothing of the second */
	}
}

static void a_question_that_fails_ends_its_transaction_only(void **state)
{
	auto_db *db = fixture_open(*state);

	assert_int_equal(db_begin(db, true), DB_OK);
	auto_answer *good = db_ask_plain(db, &client_id_count);
	auto_answer *bad = db_ask(db, &wrong, db_number(0));
	auto_answer *after = db_ask_plain(db, &backend_pid); /* prepared in the same group: passed over */
	assert_int_equal(db_row(good), DB_ROW);
	assert_int_equal(db_row(bad), DB_FAILED);
	assert_int_equal(db_row(after), DB_FAILED);
	assert_int_equal(db_commit(db), DB_FAILED);
	assert_int_equal(db_rollback(db), DB_OK);

	/* Outside of a transaction the next question stands for itself. */
	auto_answer *again = db_ask(db, &wrong, db_number(0));
	assert_int_equal(db_row(again), DB_FAILED);
	assert_true(fixture_number(db, &backend_pid) > 0);
	assert_int_equal(db_rollback(db), DB_OK); /* there is none: nothing happens */
}

static void *row_in_thread(void *answer)
{
	return (void *)(intptr_t)db_row(answer);
}

static void a_deadlock_is_a_lost_race_for_one_of_both(void **state)
{
	static const struct db_statement lock = {.sql = "SELECT 1 FROM client_id WHERE author_no = $1 FOR UPDATE", .parameters = "n"};
	struct fixture *f = *state;
	auto_db *one = fixture_open(f);
	auto_db *other = fixture_open(f);
	pthread_t thread;
	void *in_thread;

	empty(f);
	postgres_server_sql(&f->server, "postgres", "INSERT INTO client_id VALUES (1, '', 1), (2, '', 1)", NULL, 0);
	assert_int_equal(db_begin(one, true), DB_OK);
	assert_int_equal(db_begin(other, true), DB_OK);
	auto_answer *a = db_ask(one, &lock, db_number(1)), *b = db_ask(other, &lock, db_number(2));
	assert_int_equal(db_row(a), DB_ROW);
	assert_int_equal(db_row(b), DB_ROW);
	auto_answer *c = db_ask(one, &lock, db_number(2)), *d = db_ask(other, &lock, db_number(1));
	assert_int_equal(pthread_create(&thread, NULL, row_in_thread, c), 0);
	int here = db_row(d);
	if (here != DB_LOST_RACE) /* the other one waits until this one ends */
		assert_int_equal(db_commit(other), DB_OK);
	else
		assert_int_equal(db_rollback(other), DB_OK);
	pthread_join(thread, &in_thread);
	int there = (int)(intptr_t)in_thread;
	assert_true((here == DB_LOST_RACE && there == DB_ROW) || (here == DB_ROW && there == DB_LOST_RACE));
	assert_int_equal(db_rollback(one), DB_OK);
	assert_int_equal(fixture_number(one, &client_id_count), 2);
	assert_int_equal(fixture_number(other, &client_id_count), 2);
}

static void waits_on_the_server_end(void **state)
{
	static const struct db_statement lock = {.sql = "SELECT 1 FROM client_id WHERE author_no = $1 FOR UPDATE", .parameters = "n"};
	static const struct db_statement slow = {.sql = "SELECT 1 FROM pg_sleep(60)", .parameters = ""};
	struct fixture *f = *state;
	auto_db *holder = fixture_open(f);
	auto_db *db = fixture_open_with(&(struct db_postgres_options){
		.address = f->address, .may_lose_commits = true, .connect_ms = 60000, .lock_ms = 50, .statement_ms = 1000});

	empty(f);
	postgres_server_sql(&f->server, "postgres", "INSERT INTO client_id VALUES (1, '', 1)", NULL, 0);
	assert_int_equal(db_begin(holder, true), DB_OK);
	auto_answer *held = db_ask(holder, &lock, db_number(1));
	assert_int_equal(db_row(held), DB_ROW);

	assert_int_equal(db_begin(db, true), DB_OK);
	auto_answer *waits = db_ask(db, &lock, db_number(1));
	assert_int_equal(db_row(waits), DB_LOST_RACE);
	assert_int_equal(db_rollback(db), DB_OK);
	assert_int_equal(db_begin(db, true), DB_OK);
	auto_answer *writes = db_ask_plain(db, &slow);
	assert_int_equal(db_row(writes), DB_LOST_RACE);
	assert_int_equal(db_rollback(db), DB_OK);
	auto_answer *reads = db_ask_plain(db, &slow);
	assert_int_equal(db_row(reads), DB_FAILED);
	assert_true(fixture_number(db, &backend_pid) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_back_as_they_were_sent),
		cmocka_unit_test(columns_of_other_types_are_read_by_their_type),
		cmocka_unit_test(an_array_of_numbers_is_one_parameter),
		cmocka_unit_test(a_batch_takes_two_round_trips),
		cmocka_unit_test(changes_between_answers_wait_for_the_commit),
		cmocka_unit_test(nothing_is_sent_before_an_answer_is_wanted),
		cmocka_unit_test(answers_may_be_read_in_any_order_and_later),
		cmocka_unit_test(large_questions_with_large_answers_pass_each_other),
		cmocka_unit_test(many_rows_do_not_fill_memory),
		cmocka_unit_test(a_taken_key_is_a_conflict_and_the_connection_goes_on),
		cmocka_unit_test(a_question_that_fails_ends_its_transaction_only),
		cmocka_unit_test(a_deadlock_is_a_lost_race_for_one_of_both),
		cmocka_unit_test(waits_on_the_server_end),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
