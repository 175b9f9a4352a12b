/* What the operations of the store rely on, of the driver for SQLite (store/db.h). */
#include "cmocka_wrap.h"

#include "store/sqlite/db_sqlite.h"
#include "store/sqlite/disk_errno.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char dir[100], path[120];
	struct db_sqlite writer;
};

static const struct db_statement put = {.sql = "INSERT INTO t (k, n, s, b) VALUES ($1, $2, $3, $4)", .parameters = "nntb"};
static const struct db_statement get = {.sql = "SELECT k, n, s, b FROM t WHERE k = $1", .parameters = "n"};
static const struct db_statement all = {.sql = "SELECT k FROM t ORDER BY k", .parameters = ""};
static const struct db_statement count = {.sql = "SELECT count(*) FROM t", .parameters = ""};
static const struct db_statement put_once = {.sql = "INSERT INTO t (k, n) VALUES ($1, $2) ON CONFLICT DO NOTHING", .parameters = "nn"};
static const struct db_statement set_n = {.sql = "UPDATE t SET s = $3, n = $2 WHERE k = $1 AND n < $2", .parameters = "nnt"};
static const struct db_statement get_of = {.sql = "SELECT k FROM t WHERE k IN (SELECT value FROM json_each($1)) ORDER BY k",
					   .parameters = "N"};
static const struct db_statement nonsense = {.sql = "SELECT k FROM nowhere", .parameters = ""};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	*state = p;
	snprintf(p->dir, sizeof p->dir, "/tmp/parley-db-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->path, sizeof p->path, "%s/a.db", p->dir);
	struct sqlite_connection c;
	int rc = sqlite_connection_open_bare(&c, p->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_exec(&c, "PRAGMA journal_mode = WAL;"
						"CREATE TABLE t (k INTEGER PRIMARY KEY, n INTEGER, s TEXT, b BLOB) STRICT");
	sqlite_connection_close(&c);
	return rc == SQLITE_OK && db_sqlite_open_writer(&p->writer, p->path) == SQLITE_OK ? 0 : -1;
}

static int teardown(void **state)
{
	struct place *p = *state;
	db_close(&p->writer.db);
	const char *ends[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < 3; i++) {
		char path[140];
		snprintf(path, sizeof path, "%s%s", p->path, ends[i]);
		unlink(path);
	}
	rmdir(p->dir);
	free(p);
	return 0;
}

static struct text text_from(const char *s)
{
	return (struct text){.s = s, .n = s ? strlen(s) : 0};
}

static int put_row(struct db *db, uint64_t k, uint64_t n, const char *s)
{
	return db_send(db, &put, db_number(k), db_number(n), db_text(text_from(s)), db_bytes("\0x", 2));
}

static int64_t count_rows(struct db *db)
{
	auto_answer *answer = db_ask_plain(db, &count);
	assert_int_equal(db_row(answer), DB_ROW);
	return db_column_signed(answer, 0);
}

static void values_of_all_kinds_come_back(void **state)
{
	struct place *p = *state;
	struct db *db = &p->writer.db;
	assert_int_equal(db_begin(db, true), DB_OK);
	assert_int_equal(put_row(db, 1, UINT64_MAX, "text"), DB_OK);
	assert_int_equal(db_send(db, &put, db_number(2), db_known(0), db_text((struct text){0}), db_bytes("", 0)), DB_OK);
	assert_int_equal(db_send(db, &put, db_number(3), db_signed(-7), db_text(text_from("")), db_bytes("0123456789abcdef", 16)), DB_OK);
	assert_int_equal(db_commit(db), DB_OK);
	auto_answer *first = db_ask(db, &get, db_number(1));
	assert_int_equal(db_row(first), DB_ROW);
	assert_int_equal(db_column_number(first, 1), UINT64_MAX);
	struct text t = db_column_bytes(first, 2), b = db_column_bytes(first, 3);
	assert_int_equal(t.n, 4);
	assert_memory_equal(t.s, "text", 4);
	assert_int_equal(b.n, 2);
	assert_memory_equal(b.s, "\0x", 2);
	assert_false(db_column_is_number(first, 2));
	assert_null(db_column_bytes(first, 1).s);
	assert_int_equal(db_column_number(first, 2), 0);
	assert_int_equal(db_row(first), DB_DONE);
	assert_int_equal(db_row(first), DB_DONE);
	auto_answer *second = db_ask(db, &get, db_number(2));
	assert_int_equal(db_row(second), DB_ROW);
	assert_true(db_column_is_null(second, 1) && db_column_is_null(second, 2) && !db_column_is_null(second, 3));
	assert_non_null(db_column_bytes(second, 3).s);
	assert_null(db_column_copy(second, 2));
	struct uid id;
	assert_false(db_column_uid(second, 3, &id));
	auto_answer *third = db_ask(db, &get, db_number(3));
	assert_int_equal(db_row(third), DB_ROW);
	assert_int_equal(db_column_signed(third, 1), -7);
	assert_int_equal(db_column_bytes(third, 2).n, 0);
	assert_non_null(db_column_bytes(third, 2).s);
	assert_true(db_column_uid(third, 3, &id));
	assert_memory_equal(id.b, "0123456789abcdef", 16);
}

static void parameters_go_by_their_numbers(void **state)
{
	struct place *p = *state;
	struct db *db = &p->writer.db;
	const int64_t keys[] = {1, -5, INT64_MAX, 3};
	assert_int_equal(db_begin(db, true), DB_OK);
	for (uint64_t k = 1; k <= 4; k++)
		assert_int_equal(put_row(db, k, 10, "x"), DB_OK);
	assert_int_equal(db_send(db, &set_n, db_number(3), db_number(20), db_text(text_from("set"))), DB_OK);
	assert_int_equal(db_send(db, &set_n, db_number(4), db_number(5), db_text(text_from("not set"))), DB_OK);
	auto_answer *third = db_ask(db, &get, db_number(3));
	assert_int_equal(db_row(third), DB_ROW);
	assert_int_equal(db_column_number(third, 1), 20);
	assert_memory_equal(db_column_bytes(third, 2).s, "set", 3);
	auto_answer *of = db_ask(db, &get_of, db_numbers(keys, 4));
	assert_int_equal(db_row(of), DB_ROW);
	assert_int_equal(db_column_number(of, 0), 1);
	assert_int_equal(db_row(of), DB_ROW);
	assert_int_equal(db_column_number(of, 0), 3);
	assert_int_equal(db_row(of), DB_DONE);
	assert_int_equal(db_commit(db), DB_OK);
}

static void a_question_runs_when_its_first_row_is_wanted(void **state)
{
	struct place *p = *state;
	struct db *db = &p->writer.db;
	assert_int_equal(db_begin(db, true), DB_OK);
	auto_answer *asked = db_ask(db, &get, db_number(1));
	assert_int_equal(put_row(db, 1, 1, "later"), DB_OK);
	assert_int_equal(db_row(asked), DB_ROW);
	assert_int_equal(db_rollback(db), DB_OK);
	db_sqlite_look_ahead(&p->writer);
	assert_int_equal(db_begin(db, true), DB_OK);
	auto_answer *ahead = db_ask(db, &get, db_number(1));
	assert_int_equal(put_row(db, 1, 1, "later"), DB_OK);
	assert_int_equal(db_row(ahead), DB_DONE);
	assert_int_equal(db_commit(db), DB_OK);
}

static void one_statement_is_asked_while_it_is_on_its_rows(void **state)
{
	struct place *p = *state;
	struct db *db = &p->writer.db;
	assert_int_equal(db_begin(db, true), DB_OK);
	for (uint64_t k = 1; k <= 3; k++)
		assert_int_equal(put_row(db, k, k, "x"), DB_OK);
	auto_answer *outer = db_ask_plain(db, &all);
	int n = 0;
	while (db_row(outer) == DB_ROW) {
		auto_answer *inner = db_ask_plain(db, &all);
		while (db_row(inner) == DB_ROW)
			n++;
	}
	assert_int_equal(n, 9);
	assert_int_equal(db_commit(db), DB_OK);
}

static void a_claim_inserts_or_finds(void **state)
{
	struct place *p = *state;
	struct db *db = &p->writer.db;
	for (int ahead = 0; ahead < 2; ahead++) {
		if (ahead)
			db_sqlite_look_ahead(&p->writer);
		uint64_t k = 10 + (uint64_t)ahead;
		assert_int_equal(db_begin(db, true), DB_OK);
		auto_answer *none = db_ask(db, &get, db_number(k));
		assert_int_equal(db_claim(db, none, &put_once, db_number(k), db_number(5)), DB_OK);
		auto_answer *found = db_ask(db, &get, db_number(k));
		assert_int_equal(db_claim(db, found, &put_once, db_number(k), db_number(6)), DB_ROW);
		assert_int_equal(db_column_number(found, 1), 5);
		assert_int_equal(db_commit(db), DB_OK);
	}
	/* Looking ahead, somebody else's row is found by the insert alone. */
	assert_int_equal(db_begin(db, true), DB_OK);
	auto_answer *none = db_ask(db, &get, db_number(12));
	assert_int_equal(put_row(db, 12, 1, "other"), DB_OK);
	assert_int_equal(db_claim(db, none, &put_once, db_number(12), db_number(6)), DB_CONFLICT);
	assert_int_equal(db_commit(db), DB_CONFLICT);
	assert_int_equal(db_rollback(db), DB_OK);
	assert_int_equal(count_rows(db), 2);
}

static void a_failure_ends_its_transaction(void **state)
{
	struct place *p = *state;
	struct db *db = &p->writer.db;
	char reason[200];
	assert_int_equal(db_begin(db, true), DB_OK);
	assert_int_equal(put_row(db, 1, 1, "x"), DB_OK);
	assert_int_equal(put_row(db, 1, 1, "again"), DB_CONFLICT);
	assert_non_null(strstr(db_reason(db, reason, sizeof reason), "UNIQUE"));
	assert_int_equal(put_row(db, 2, 1, "x"), DB_CONFLICT);
	auto_answer *answer = db_ask(db, &get, db_number(1));
	assert_int_equal(db_row(answer), DB_CONFLICT);
	assert_int_equal(db_commit(db), DB_CONFLICT);
	assert_int_equal(db_rollback(db), DB_OK);
	assert_int_equal(count_rows(db), 0);
	/* Outside of one it is its question's alone. */
	auto_answer *bad = db_ask_plain(db, &nonsense);
	assert_int_equal(db_row(bad), DB_FAILED);
	assert_non_null(strstr(db_reason(db, reason, sizeof reason), "nowhere"));
	assert_int_equal(db_begin(db, true), DB_OK);
	assert_int_equal(put_row(db, 1, 1, "x"), DB_OK);
	assert_int_equal(db_commit(db), DB_OK);
	assert_int_equal(count_rows(db), 1);
}

static void a_reader_sees_one_moment(void **state)
{
	struct place *p = *state;
	struct db *db = &p->writer.db;
	struct db_sqlite reader;
	assert_int_equal(db_sqlite_open_reader(&reader, p->path), SQLITE_OK);
	assert_int_equal(db_begin(&reader.db, false), DB_OK);
	assert_int_equal(count_rows(&reader.db), 0);
	assert_int_equal(db_begin(db, true), DB_OK);
	assert_int_equal(put_row(db, 1, 1, "x"), DB_OK);
	assert_int_equal(db_commit(db), DB_OK);
	assert_int_equal(count_rows(&reader.db), 0);
	assert_int_equal(db_commit(&reader.db), DB_OK);
	assert_int_equal(count_rows(&reader.db), 1);
	db_close(&reader.db);
}

static void a_full_disk_is_no_room_and_a_damaged_page_is_damage(void **state)
{
	struct place *p = *state;
	struct db *db = &p->writer.db;
	static char big[200000];
	struct rlimit limit, small = {.rlim_cur = 100000};
	memset(big, 'x', sizeof big - 1);
	getrlimit(RLIMIT_FSIZE, &limit);
	small.rlim_max = limit.rlim_max;
	assert_int_equal(db_begin(db, true), DB_OK);
	assert_int_equal(put_row(db, 1, 1, big), DB_OK);
	setrlimit(RLIMIT_FSIZE, &small);
	int result = db_commit(db);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(result, DB_NO_ROOM);
	assert_int_equal(db_rollback(db), DB_OK);
	assert_int_equal(db_begin(db, true), DB_OK);
	assert_int_equal(put_row(db, 1, 1, big), DB_OK);
	assert_int_equal(db_commit(db), DB_OK);
	assert_int_equal(sqlite3_wal_checkpoint_v2(p->writer.connection.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL), SQLITE_OK);
	/* The table's root is page 2. */
	char noise[4096];
	memset(noise, 0xa5, sizeof noise);
	int fd = open(p->path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, noise, sizeof noise, sizeof noise), (ssize_t)sizeof noise);
	struct db_sqlite reader;
	assert_int_equal(db_sqlite_open_reader(&reader, p->path), SQLITE_OK);
	auto_answer *answer = db_ask(&reader.db, &get, db_number(1));
	assert_int_equal(db_row(answer), DB_DAMAGED);
	db_done(answer);
	answer = NULL;
	db_close(&reader.db);
	close(fd);
}

int main(void)
{
	signal(SIGXFSZ, SIG_IGN);
	disk_errno_watch();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values_of_all_kinds_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(parameters_go_by_their_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(a_question_runs_when_its_first_row_is_wanted, setup, teardown),
		cmocka_unit_test_setup_teardown(one_statement_is_asked_while_it_is_on_its_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(a_claim_inserts_or_finds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failure_ends_its_transaction, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reader_sees_one_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_is_no_room_and_a_damaged_page_is_damage, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
