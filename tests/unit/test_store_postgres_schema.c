#include "postgres_fixture.h"

#include "store/migrations.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct db_statement room_count = {.sql = "SELECT count(*) FROM room WHERE name <> ''", .parameters = ""};

static void make_database(struct fixture *f, const char *name, const char *how)
{
	char sql[200];
	snprintf(sql, sizeof sql, "CREATE DATABASE %s %s", name, how);
	postgres_server_sql(&f->server, "postgres", sql, NULL, 0);
}

static struct db *open_database(struct fixture *f, const char *name)
{
	char address[160];
	postgres_server_address(&f->server, name, address, sizeof address);
	return fixture_open_with(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000});
}

static void epoch_of(struct fixture *f, const char *name, char out[STORE_EPOCH_BYTES + 1])
{
	auto_db *db = open_database(f, name);
	db_postgres_epoch(db, out);
}

/* Connects, and expects `rc` with a reason that contains `part`. */
static void assert_refused(const struct db_postgres_options *options, int rc, const char *part)
{
	char reason[DB_POSTGRES_REASON_BYTES + 8];
	struct db_postgres_status status;
	auto_db *db = db_postgres_new(options);

	assert_int_equal(db_postgres_connect(db), rc);
	db_reason(db, reason, sizeof reason);
	if (!strstr(reason, part))
		fail_msg("\"%s\" is not in: %s", part, reason);
	db_postgres_status(db, &status);
	assert_false(status.is_connected);
	assert_string_equal(status.reason, reason);
}

/* --- making and migrating ---------------------------------------------------------------------------------------------------------------- */

/* In a child, which has no assertions: its exit code. */
static int tell_epoch(struct fixture *f, const char *name, int to)
{
	char address[160], epoch[STORE_EPOCH_BYTES + 1], reason[DB_POSTGRES_REASON_BYTES + 8];

	postgres_server_address(&f->server, name, address, sizeof address);
	auto_db *db = db_postgres_new(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000});
	if (db_postgres_connect(db) != DB_OK) {
		fprintf(stderr, "%s\n", db_reason(db, reason, sizeof reason));
		return 1;
	}
	db_postgres_epoch(db, epoch);
	return write(to, epoch, sizeof epoch) == sizeof epoch ? 0 : 1;
}

static void processes_that_start_at_once_make_the_tables_once(void **state)
{
	enum { N = 6 };
	struct fixture *f = *state;
	pid_t children[N];
	char epochs[N][STORE_EPOCH_BYTES + 1], number[16];
	int ends[2];

	make_database(f, "together", "");
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < N; i++) {
		children[i] = fork();
		if (children[i] == 0) /* it must not go on with the test */
			_exit(tell_epoch(f, "together", ends[1]));
	}
	for (int i = 0; i < N; i++) {
		int status = -1;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
		assert_int_equal(read(ends[0], epochs[i], sizeof epochs[i]), sizeof epochs[i]);
		assert_string_equal(epochs[i], epochs[0]);
	}
	close(ends[0]);
	close(ends[1]);
	postgres_server_sql(&f->server, "together", "SELECT value FROM meta WHERE key = 'schema'", number, sizeof number);
	assert_int_equal(atoi(number), store_migrations_newest);
}

static void a_moved_database_and_half_a_copy_are_refused_but_for_a_copy(void **state)
{
	struct fixture *f = *state;
	char address[160], before[STORE_EPOCH_BYTES + 1], after[STORE_EPOCH_BYTES + 1];
	const char *database = "moved_away";

	make_database(f, database, "");
	postgres_server_address(&f->server, database, address, sizeof address);
	struct db_postgres_options options = {.address = address, .may_lose_commits = true, .connect_ms = 60000};
	epoch_of(f, database, before);
	postgres_server_sql(&f->server, database, "INSERT INTO meta (key, bytes) VALUES ('copy_of', 'x')", NULL, 0);
	assert_refused(&options, DB_FAILED, "unfinished copy");
	postgres_server_sql(&f->server, database, "UPDATE meta SET key = 'moved_to', bytes = 'sqlite:/srv/parley' WHERE key = 'copy_of'",
			    NULL, 0);
	assert_refused(&options, DB_FAILED, "moved to sqlite:/srv/parley");
	options.is_for_copy = true;
	db_close(fixture_open_with(&options));
	/* As the sentence says. */
	postgres_server_sql(&f->server, database, "DELETE FROM meta WHERE key IN ('moved_to', 'epoch')", NULL, 0);
	epoch_of(f, database, after);
	assert_string_not_equal(before, after);
}

static void a_newer_database_and_a_foreign_one_are_refused(void **state)
{
	struct fixture *f = *state;
	char address[160];

	make_database(f, "newer", "");
	postgres_server_address(&f->server, "newer", address, sizeof address);
	db_close(open_database(f, "newer"));
	postgres_server_sql(&f->server, "newer", "UPDATE meta SET value = value + 1 WHERE key = 'schema'", NULL, 0);
	assert_refused(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000}, DB_FAILED,
		       "newer parleyd");
	postgres_server_sql(&f->server, "newer", "UPDATE meta SET value = 9223372036854775807 WHERE key = 'schema'", NULL, 0);
	assert_refused(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000}, DB_FAILED,
		       "newer parleyd");
	postgres_server_sql(&f->server, "newer", "UPDATE meta SET value = -3 WHERE key = 'schema'", NULL, 0);
	assert_refused(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000}, DB_FAILED,
		       "schema of its own");

	make_database(f, "foreign_one", "");
	postgres_server_address(&f->server, "foreign_one", address, sizeof address);
	postgres_server_sql(&f->server, "foreign_one", "CREATE TABLE meta (key text, value text)", NULL, 0);
	assert_refused(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000}, DB_FAILED,
		       "schema of its own");
	postgres_server_sql(&f->server, "foreign_one", "ALTER TABLE meta ADD COLUMN bytes bytea", NULL, 0);
	assert_refused(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000}, DB_FAILED,
		       "schema of its own");
	postgres_server_sql(&f->server, "foreign_one", "DROP TABLE meta; CREATE TABLE meta (key bigint, value bigint, bytes bytea)", NULL,
			    0);
	assert_refused(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000}, DB_FAILED,
		       "schema of its own");
	postgres_server_sql(&f->server, "foreign_one", "SELECT 1 / (count(*) = 1)::int FROM pg_tables WHERE schemaname = 'public'", NULL,
			    0);
}

/* A migration that fails half-way leaves nothing, and the next start does it. */
static void a_migration_that_fails_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	char address[160];

	make_database(f, "half", "");
	postgres_server_address(&f->server, "half", address, sizeof address);
	postgres_server_sql(&f->server, "half", "CREATE VIEW writer AS SELECT 1", NULL, 0);
	assert_refused(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000}, DB_FAILED,
		       "writer");
	postgres_server_sql(&f->server, "half", "SELECT 1 / (count(*) = 0)::int FROM pg_tables WHERE schemaname = 'public'", NULL, 0);
	postgres_server_sql(&f->server, "half", "DROP VIEW writer", NULL, 0);
	auto_db *db = open_database(f, "half");
	assert_int_equal(fixture_number(db, &room_count), 0);
}

static void a_role_needs_its_own_schema_only(void **state)
{
	struct fixture *f = *state;
	char address[200];

	make_database(f, "shared", "");
	postgres_server_sql(&f->server, "shared", "CREATE ROLE talker LOGIN", NULL, 0);
	snprintf(address, sizeof address, "postgresql://talker:hunter2@/shared?host=%s", f->server.folder);
	const struct db_postgres_options options = {.address = address, .may_lose_commits = true, .connect_ms = 60000};
	assert_refused(&options, DB_FAILED, "CREATE SCHEMA");
	postgres_server_sql(&f->server, "shared", "CREATE SCHEMA talker AUTHORIZATION talker", NULL, 0);
	auto_db *db = fixture_open_with(&options);
	assert_int_equal(fixture_number(db, &room_count), 0);
	struct db_postgres_status status;
	db_postgres_status(db, &status);
	assert_non_null(strstr(status.place, "/shared as talker"));
	assert_null(strstr(status.place, "hunter2"));
	postgres_server_sql(&f->server, "shared", "SELECT 1 / (count(*) = 0)::int FROM pg_tables WHERE schemaname = 'public'", NULL, 0);
}

/* --- what is refused --------------------------------------------------------------------------------------------------------------------- */

static void unsafe_servers_and_wrong_addresses_are_refused(void **state)
{
	struct fixture *f = *state;
	char address[160];
	struct db_postgres_options options = {.address = address, .may_lose_commits = true, .connect_ms = 60000};

	make_database(f, "bytes", "ENCODING 'SQL_ASCII' TEMPLATE template0");
	postgres_server_address(&f->server, "bytes", address, sizeof address);
	assert_refused(&options, DB_FAILED, "ENCODING 'UTF8'");

	make_database(f, "unsafe", "");
	postgres_server_address(&f->server, "unsafe", address, sizeof address);
	assert_refused(&(struct db_postgres_options){.address = address}, DB_FAILED, "fsync = off");
	postgres_server_sql(&f->server, "postgres", "ALTER DATABASE unsafe SET synchronous_commit = off", NULL, 0);
	assert_refused(&(struct db_postgres_options){.address = address}, DB_FAILED, "synchronous_commit = off");
	db_close(fixture_open_with(&options));
	postgres_server_sql(&f->server, "postgres", "ALTER DATABASE unsafe SET default_transaction_read_only = on", NULL, 0);
	assert_refused(&options, DB_FAILED, "read only");

	postgres_server_address(&f->server, "absent", address, sizeof address);
	assert_refused(&options, DB_AWAY, "does not exist");
	assert_refused(&(struct db_postgres_options){.address = "postgresql://x:hunter2@y/z?wrong=hunter2"}, DB_FAILED, "address");
	assert_refused(&(struct db_postgres_options){.address = "password hunter2 = "}, DB_FAILED, "address");
}

static void a_password_from_elsewhere_takes_the_place_of_the_address(void **state)
{
	struct fixture *f = *state;
	char address[200], path[128];

	make_database(f, "locked", "");
	postgres_server_sql(&f->server, "locked", "CREATE ROLE keeper LOGIN PASSWORD 'right'; CREATE SCHEMA keeper AUTHORIZATION keeper",
			    NULL, 0);
	snprintf(path, sizeof path, "%s/data/pg_hba.conf", f->server.folder);
	FILE *rules = fopen(path, "w");
	assert_non_null(rules);
	fprintf(rules, "local all keeper scram-sha-256\nlocal all all trust\nlocal replication all trust\n");
	fclose(rules);
	postgres_server_sql(&f->server, "postgres", "SELECT pg_reload_conf()", NULL, 0);
	snprintf(address, sizeof address, "postgresql://keeper:hunter2@/locked?host=%s", f->server.folder);
	auto_db *db = db_postgres_new(
		&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000, .password = "right"});
	assert_int_equal(fixture_connect(db, 20), DB_OK); /* the server takes the rules a moment later */
	assert_refused(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000}, DB_AWAY,
		       "password authentication failed");
}

static void a_role_that_may_only_read_is_refused(void **state)
{
	struct fixture *f = *state;
	char address[200];

	make_database(f, "shown", "");
	db_close(open_database(f, "shown"));
	postgres_server_sql(&f->server, "shown", "CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", NULL,
			    0);
	snprintf(address, sizeof address, "postgresql://reader@/shown?host=%s", f->server.folder);
	assert_refused(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000}, DB_FAILED,
		       "may read the tables and not write them");
}

static void times_that_a_database_sets_end_no_connection(void **state)
{
	static const struct db_statement set_times = {
		.sql = "SELECT count(*) FROM pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout') AND setting <> '0'",
		.parameters = ""};
	struct fixture *f = *state;

	make_database(f, "hurried", "");
	postgres_server_sql(&f->server, "postgres", "ALTER DATABASE hurried SET idle_session_timeout = '1h'", NULL, 0);
	postgres_server_sql(&f->server, "postgres",
			    "DO $$BEGIN ALTER DATABASE hurried SET transaction_timeout = '1h'; EXCEPTION WHEN undefined_object THEN END$$",
			    NULL, 0);
	auto_db *db = open_database(f, "hurried");
	assert_int_equal(fixture_number(db, &set_times), 0);
}

static void tables_that_are_gone_are_not_made_anew_by_who_had_them(void **state)
{
	struct fixture *f = *state;
	struct db_postgres_status status;

	make_database(f, "taken", "");
	auto_db *db = open_database(f, "taken");
	postgres_server_sql(&f->server, "taken", "CREATE SCHEMA parley", NULL,
			    0); /* named as the role is: now the first of the search_path */
	db_postgres_disconnect(db, "for the test");
	assert_int_equal(db_postgres_connect(db), DB_FAILED);
	db_postgres_status(db, &status);
	assert_non_null(strstr(status.reason, "the tables are gone"));
	postgres_server_sql(&f->server, "taken", "SELECT 1 / (count(*) = 0)::int FROM pg_tables WHERE schemaname = 'parley'", NULL, 0);
	postgres_server_sql(&f->server, "taken", "DROP SCHEMA parley", NULL, 0);
	assert_int_equal(db_postgres_connect(db), DB_OK);
	assert_int_equal(fixture_number(db, &room_count), 0);
}

/* --- the epoch --------------------------------------------------------------------------------------------------------------------------- */

static void the_epoch_stays_with_the_database_and_leaves_with_a_restored_one(void **state)
{
	struct fixture *f = *state;
	char first[STORE_EPOCH_BYTES + 1], then[STORE_EPOCH_BYTES + 1];

	make_database(f, "kept", "");
	epoch_of(f, "kept", first);
	assert_int_equal(strlen(first), STORE_EPOCH_BYTES);
	epoch_of(f, "kept", then);
	assert_string_equal(then, first);
	postgres_server_kill(&f->server);
	postgres_server_start(&f->server);
	epoch_of(f, "kept", then);
	assert_string_equal(then, first);

	assert_int_equal(postgres_server_run(&f->server, "pg_dump -h \"$SOCKET\" -U parley -Fc -f dump kept"), 0);
	assert_int_equal(postgres_server_run(&f->server, "dropdb -h \"$SOCKET\" -U parley kept"), 0);
	assert_int_equal(postgres_server_run(&f->server, "pg_restore -h \"$SOCKET\" -U parley -C -d postgres dump"), 0);
	epoch_of(f, "kept", then);
	assert_string_not_equal(then, first);
	epoch_of(f, "kept", first);
	assert_string_equal(then, first); /* and is the same from then on */
}

static void a_standby_is_waited_for_and_brings_a_new_epoch(void **state)
{
	struct fixture *f = *state;
	struct fixture standby = {.server = f->server};
	char first[STORE_EPOCH_BYTES + 1], then[STORE_EPOCH_BYTES + 1], line[128];

	make_database(f, "copied", "");
	epoch_of(f, "copied", first);
	standby.server.pid = 0;
	postgres_server_folder(&standby.server);
	snprintf(line, sizeof line, "pg_basebackup -h %s -U parley -D data -R -c fast", f->server.folder);
	assert_int_equal(postgres_server_run(&standby.server, line), 0);
	snprintf(line, sizeof line, "unix_socket_directories = '%s'", standby.server.folder);
	postgres_server_set(&standby.server, line);
	postgres_server_start(&standby.server);
	char address[160];
	postgres_server_address(&standby.server, "copied", address, sizeof address);
	assert_refused(&(struct db_postgres_options){.address = address, .may_lose_commits = true, .connect_ms = 60000}, DB_AWAY,
		       "standby");
	postgres_server_sql(&standby.server, "copied", "SELECT pg_promote()", NULL, 0);
	epoch_of(&standby, "copied", then);
	assert_string_not_equal(then, first);
	epoch_of(f, "copied", then);
	assert_string_equal(then, first);
	postgres_server_remove(&standby.server);
}

static void a_writer_that_misses_its_commits_makes_one_new_epoch(void **state)
{
	struct fixture *f = *state;
	char first[STORE_EPOCH_BYTES + 1], then[STORE_EPOCH_BYTES + 1], others[STORE_EPOCH_BYTES + 1];

	make_database(f, "behind", "");
	auto_db *db = open_database(f, "behind");
	auto_db *other = open_database(f, "behind");
	db_postgres_epoch(db, first);
	assert_int_equal(db_postgres_renew_epoch(db, "a test"), DB_OK);
	db_postgres_epoch(db, then);
	assert_string_not_equal(then, first);
	assert_int_equal(db_postgres_renew_epoch(other, "a test"), DB_OK); /* it is renewed already */
	db_postgres_epoch(other, others);
	assert_string_equal(others, then);
	assert_int_equal(fixture_number(db, &room_count), 0);
}

/* --- the trigger ------------------------------------------------------------------------------------------------------------------------- */

static void *commit_in_thread(void *db)
{
	return (void *)(intptr_t)db_commit(db);
}

static void a_guest_without_a_token_has_ended(void **state)
{
	static const struct db_statement token_delete = {.sql = "DELETE FROM token WHERE hash = $1", .parameters = "b"};
	static const struct db_statement ended_count = {.sql = "SELECT count(*) FROM member WHERE ended = 1", .parameters = ""};
	struct fixture *f = *state;
	pthread_t thread;
	void *rc;

	make_database(f, "guests", "");
	auto_db *one = open_database(f, "guests");
	auto_db *other = open_database(f, "guests");
	postgres_server_sql(
		&f->server, "guests",
		"INSERT INTO account (no, id, kind, role, name, name_key, created_ms) SELECT n, n::text::bytea, n, 0, 'x', n::text, 0"
		" FROM generate_series(1, 2) n;"
		"INSERT INTO token SELECT (no::text || n)::bytea, no, 0, 0, 0 FROM account, generate_series(1, 2) n;"
		"INSERT INTO member SELECT no, 7, 0, 0, 0, 0 FROM account",
		NULL, 0);
	/* Somebody with a password stays, and so does a guest with another token. */
	assert_int_equal(db_begin(one, true), DB_OK);
	assert_int_equal(db_send(one, &token_delete, db_bytes("11", 2)), DB_OK);
	assert_int_equal(db_send(one, &token_delete, db_bytes("12", 2)), DB_OK);
	assert_int_equal(db_commit(one), DB_OK);
	assert_int_equal(fixture_number(one, &ended_count), 0);

	/* Two at once, one token each: each of them sees the other's token still there, unless one waits. */
	assert_int_equal(db_begin(one, true), DB_OK);
	assert_int_equal(db_send(one, &token_delete, db_bytes("21", 2)), DB_OK);
	auto_answer *sent = db_ask_plain(one, &ended_count);
	assert_int_equal(db_row(sent), DB_ROW);
	assert_int_equal(db_column_number(sent, 0), 0);
	auto_db *third = open_database(f, "guests");
	assert_int_equal(db_begin(third, true), DB_OK);
	assert_int_equal(db_send(third, &token_delete, db_bytes("22", 2)), DB_OK);
	assert_int_equal(pthread_create(&thread, NULL, commit_in_thread, third), 0);
	static const struct db_statement waiting = {
		.sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'guests' AND wait_event_type = 'Lock'", .parameters = ""};
	for (int i = 0; i < 2000 && fixture_number(other, &waiting) == 0; i++)
		usleep(1000);
	assert_int_equal(fixture_number(other, &waiting), 1);
	assert_int_equal(db_commit(one), DB_OK);
	pthread_join(thread, &rc);
	assert_int_equal((intptr_t)rc, DB_OK);
	assert_int_equal(fixture_number(other, &ended_count), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_that_start_at_once_make_the_tables_once),
		cmocka_unit_test(a_moved_database_and_half_a_copy_are_refused_but_for_a_copy),
		cmocka_unit_test(a_newer_database_and_a_foreign_one_are_refused),
		cmocka_unit_test(a_migration_that_fails_leaves_nothing),
		cmocka_unit_test(a_role_needs_its_own_schema_only),
		cmocka_unit_test(unsafe_servers_and_wrong_addresses_are_refused),
		cmocka_unit_test(a_password_from_elsewhere_takes_the_place_of_the_address),
		cmocka_unit_test(a_role_that_may_only_read_is_refused),
		cmocka_unit_test(times_that_a_database_sets_end_no_connection),
		cmocka_unit_test(tables_that_are_gone_are_not_made_anew_by_who_had_them),
		cmocka_unit_test(the_epoch_stays_with_the_database_and_leaves_with_a_restored_one),
		cmocka_unit_test(a_standby_is_waited_for_and_brings_a_new_epoch),
		cmocka_unit_test(a_writer_that_misses_its_commits_makes_one_new_epoch),
		cmocka_unit_test(a_guest_without_a_token_has_ended),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
