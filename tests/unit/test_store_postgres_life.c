#include "postgres_fixture.h"

#include "base/clock.h"
#include "postgres_proxy.h"
#include "store/postgres/postgres_fault.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct db_statement writer_put = {.sql = "INSERT INTO writer (id, batch_no, seen_ms) VALUES ($1, $2, 0)", .parameters = "bn"};
static const struct db_statement writer_rows_put = {
	.postgres_rows =
		"INSERT INTO writer (id, batch_no, seen_ms) SELECT id, no, 0 FROM unnest($1::bytea[], $2::bigint[]) AS added (id, no)",
	.parameters = "bn"};
static const struct db_statement writer_count = {.sql = "SELECT count(*) FROM writer", .parameters = ""};
static const struct db_statement backend_pid = {.sql = "SELECT pg_backend_pid()", .parameters = ""};

static void empty(struct fixture *f)
{
	postgres_server_sql(&f->server, "postgres", "TRUNCATE writer", NULL, 0);
}

static void assert_is_away(struct db *db)
{
	struct db_postgres_status status;

	assert_int_equal(db_begin(db, true), DB_AWAY);
	auto_answer *a = db_ask_plain(db, &backend_pid);
	assert_int_equal(db_row(a), DB_AWAY);
	db_postgres_status(db, &status);
	assert_false(status.is_connected);
	assert_true(status.reason[0] != '\0');
	assert_true(status.since_ms > 0);
}

/* --- lost in every phase ----------------------------------------------------------------------------------------------------------------- */

enum phase { BEFORE_BEGIN, AFTER_BEGIN, BETWEEN_ASK_AND_ROW, AFTER_ROW, BETWEEN_SEND_AND_COMMIT, N_PHASES };

/* The backend first: one that outlives the server for a moment may still commit what it is sent. */
static void meet(struct fixture *f, pid_t backend, enum phase here, enum phase wanted)
{
	if (here != wanted)
		return;
	assert_int_equal(kill(backend, SIGKILL), 0);
	postgres_server_kill(&f->server);
}

/* A transaction during which the server is killed. What its last call says. */
static int transaction(struct fixture *f, struct db *db, enum phase killed)
{
	pid_t backend = (pid_t)fixture_number(db, &backend_pid);

	meet(f, backend, BEFORE_BEGIN, killed);
	int rc = db_begin(db, true);
	if (rc != DB_OK)
		return rc;
	meet(f, backend, AFTER_BEGIN, killed);
	auto_answer *a = db_ask_plain(db, &writer_count);
	meet(f, backend, BETWEEN_ASK_AND_ROW, killed);
	rc = db_row(a);
	meet(f, backend, AFTER_ROW, killed);
	if (rc == DB_ROW)
		rc = db_send(db, &writer_put, db_bytes("one", 3), db_number(1));
	if (rc == DB_OK)
		rc = db_send(db, &writer_rows_put, db_bytes("two", 3), db_number(1));
	meet(f, backend, BETWEEN_SEND_AND_COMMIT, killed);
	if (rc == DB_OK)
		rc = db_commit(db);
	if (rc != DB_OK)
		assert_int_equal(db_rollback(db), DB_AWAY);
	return rc;
}

static void a_killed_server_is_noticed_and_met_again(void **state)
{
	struct fixture *f = *state;
	auto_db *db = fixture_open(f);

	for (enum phase phase = BEFORE_BEGIN; phase < N_PHASES; phase++) {
		empty(f);
		assert_int_equal(fixture_connect(db, 1), DB_OK);
		assert_int_equal(fixture_number(db, &writer_count), 0);
		assert_int_equal(transaction(f, db, phase), DB_AWAY);
		assert_is_away(db);
		assert_int_equal(db_postgres_connect(db), DB_AWAY); /* nobody is there */
		postgres_server_start(&f->server);
		assert_int_equal(fixture_connect(db, 20), DB_OK);
		assert_int_equal(fixture_number(db, &writer_count), 0);
		assert_int_equal(transaction(f, db, N_PHASES), DB_OK); /* all is prepared again */
		assert_int_equal(fixture_number(db, &writer_count), 2);
	}
}

static void a_lost_connection_is_known_before_anything_is_tried(void **state)
{
	struct fixture *f = *state;
	auto_db *db = fixture_open(f);
	char sql[80];

	/* It is gone when this returns. */
	snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 60000)", (int)fixture_number(db, &backend_pid));
	postgres_server_sql(&f->server, "postgres", sql, NULL, 0);
	assert_is_away(db);
	assert_int_equal(fixture_connect(db, 20), DB_OK);
	assert_int_equal(db_begin(db, true), DB_OK);
	assert_int_equal(db_commit(db), DB_OK);
}

static void a_commit_whose_answer_is_lost_is_not_known_and_done(void **state)
{
	struct fixture *f = *state;
	struct postgres_proxy proxy;
	char address[160];

	empty(f);
	postgres_proxy_make(&proxy, f->server.folder);
	snprintf(address, sizeof address, "host=%s dbname=postgres user=parley", proxy.folder);
	{
		auto_db *db =
			fixture_open_with(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000});
		assert_int_equal(db_begin(db, true), DB_OK);
		auto_answer *a = db_ask_plain(db, &writer_count);
		assert_int_equal(db_row(a), DB_ROW);
		assert_int_equal(db_send(db, &writer_put, db_bytes("one", 3), db_number(1)), DB_OK);
		postgres_proxy_lose_next_answer(&proxy);
		assert_int_equal(db_commit(db), DB_AWAY);
		assert_int_equal(db_rollback(db), DB_AWAY);
		assert_int_equal(fixture_connect(db, 20), DB_OK);
		assert_int_equal(fixture_number(db, &writer_count), 1);
	}
	postgres_proxy_remove(&proxy);
}

/* --- silence ----------------------------------------------------------------------------------------------------------------------------- */

static void a_server_that_stands_still_is_given_up(void **state)
{
	struct fixture *f = *state;
	auto_db *db = fixture_open_with(
		&(struct db_postgres_options){.address = f->address, .may_lose_commits = true, .connect_ms = 60000, .answer_ms = 2000});
	pid_t backend = (pid_t)fixture_number(db, &backend_pid);

	assert_int_equal(db_begin(db, true), DB_OK);
	auto_answer *a = db_ask_plain(db, &writer_count);
	assert_int_equal(kill(backend, SIGSTOP), 0);
	assert_int_equal(db_row(a), DB_AWAY);
	assert_int_equal(db_rollback(db), DB_AWAY);
	assert_is_away(db);
	assert_int_equal(kill(backend, SIGCONT), 0);
	assert_int_equal(fixture_connect(db, 1), DB_OK);
	assert_int_not_equal(fixture_number(db, &backend_pid), backend);
}

/* With a Flush in place of the Sync a process that stands still keeps its locks without end, because the server does not count it as idle. */
static void the_locks_of_a_writer_that_stands_still_are_freed(void **state)
{
	static const struct db_statement lock = {.sql = "SELECT 1 FROM writer WHERE id = 'one' FOR UPDATE", .parameters = ""};
	struct fixture *f = *state;
	auto_db *still = fixture_open_with(
		&(struct db_postgres_options){.address = f->address, .may_lose_commits = true, .connect_ms = 60000, .idle_ms = 100});
	auto_db *other = fixture_open(f);

	empty(f);
	postgres_server_sql(&f->server, "postgres", "INSERT INTO writer VALUES ('one', 1, 1)", NULL, 0);
	assert_int_equal(db_begin(still, true), DB_OK);
	auto_answer *a = db_ask_plain(still, &lock);
	assert_int_equal(db_row(a), DB_ROW);
	assert_int_equal(db_begin(other, true), DB_OK);
	auto_answer *b = db_ask_plain(other, &lock); /* waits for less than lock_ms */
	assert_int_equal(db_row(b), DB_ROW);
	assert_int_equal(db_commit(other), DB_OK);
	assert_int_equal(db_send(still, &writer_put, db_bytes("two", 3), db_number(1)), DB_OK);
	assert_int_equal(db_commit(still), DB_AWAY);
	assert_int_equal(db_rollback(still), DB_AWAY);
	assert_int_equal(fixture_number(other, &writer_count), 1);
}

static void *connect_in_thread(void *db)
{
	return (void *)(intptr_t)fixture_connect(db, 1000);
}

static void a_stop_ends_the_tries(void **state)
{
	char address[160];
	pthread_t thread;
	void *rc;

	(void)state;
	snprintf(address, sizeof address, "host=/nowhere dbname=postgres");
	auto_db *db = db_postgres_new(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000});
	struct db_postgres_status status = {0};
	for (int i = 0; i < 8; i++)
		assert_int_equal(db_postgres_connect(db), DB_AWAY);
	/* The pause is drawn from a time that doubles: 50, 100 … 5000 ms. */
	db_postgres_status(db, &status);
	assert_true(status.next_try_in_ms <= 5000);
	assert_non_null(strstr(status.place, "/nowhere:"));
	assert_int_equal(pthread_create(&thread, NULL, connect_in_thread, db), 0);
	db_postgres_status(db, &status);
	db_postgres_stop(db);
	uint64_t stopped_ms = clock_mono_ms();
	pthread_join(thread, &rc);
	assert_int_equal((intptr_t)rc, DB_AWAY);
	assert_true(clock_mono_ms() - stopped_ms < 30000); /* a thousand tries with their pauses take three quarters of an hour */
}

/* --- faults ------------------------------------------------------------------------------------------------------------------------------ */

static void codes_mean_what_the_store_does_about_them(void **state)
{
	static const struct {
		const char *sqlstate;
		enum db_result means;
	} rows[] = {
		{NULL, DB_AWAY},        {"08006", DB_AWAY},      {"57P01", DB_AWAY},      {"57P03", DB_AWAY},      {"25P03", DB_AWAY},
		{"25P04", DB_AWAY},     {"53300", DB_AWAY},      {"53100", DB_NO_ROOM},   {"53200", DB_NO_ROOM},   {"25006", DB_NO_ROOM},
		{"23505", DB_CONFLICT}, {"40001", DB_LOST_RACE}, {"40P01", DB_LOST_RACE}, {"55P03", DB_LOST_RACE}, {"XX001", DB_DAMAGED},
		{"XX002", DB_DAMAGED},  {"58030", DB_DAMAGED},   {"57014", DB_FAILED},    {"42601", DB_FAILED},    {"23502", DB_FAILED},
		{"25P02", DB_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(postgres_fault_of(rows[i].sqlstate, false), rows[i].means);
	assert_int_equal(postgres_fault_of("57014", true), DB_LOST_RACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_server_is_noticed_and_met_again),
		cmocka_unit_test(a_lost_connection_is_known_before_anything_is_tried),
		cmocka_unit_test(a_commit_whose_answer_is_lost_is_not_known_and_done),
		cmocka_unit_test(a_server_that_stands_still_is_given_up),
		cmocka_unit_test(the_locks_of_a_writer_that_stands_still_are_freed),
		cmocka_unit_test(a_stop_ends_the_tries),
		cmocka_unit_test(codes_mean_what_the_store_does_about_them),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
