#include "store/copy/copy_side.h"

#include "base/memory.h"
#include "store/copy/copy_meta.h"
#include "store/migrations.h"
#include "store/postgres/db_postgres.h"
#include "store/postgres/libpq.h"
#include "store/sqlite/disk_errno.h"
#include "store/sqlite/sqlite_check.h"
#include "store/sqlite/sqlite_schema.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char sqlite_prefix[] = "sqlite:";

/* A batch of some MiB is one statement, and between two pages the other side may take long. */
enum { STATEMENT_MS = 120000 };

bool copy_side_is_sqlite(const char *given)
{
	return strncmp(given, sqlite_prefix, strlen(sqlite_prefix)) == 0 && given[strlen(sqlite_prefix)] != '\0';
}

bool copy_side_is_postgres(const char *given)
{
	return strncmp(given, "postgresql://", 13) == 0 || strncmp(given, "postgres://", 11) == 0;
}

int copy_side_fail(struct copy_side *s, char fault[COPY_FAULT_BYTES])
{
	char reason[300];

	snprintf(fault, COPY_FAULT_BYTES, "%s: %s", s->name, s->db ? db_reason(s->db, reason, sizeof reason) : "it is not open");
	return -1;
}

static int say(const struct copy_side *s, char fault[COPY_FAULT_BYTES], const char *what)
{
	snprintf(fault, COPY_FAULT_BYTES, "%s %s", s->name, what);
	return -1;
}

/* --- SQLite ------------------------------------------------------------------------------------------------------------------------------- */

static char *database_path(const char *dir)
{
	size_t n = strlen(dir) + sizeof "/parley.db";
	char *path = mem_alloc(n);

	snprintf(path, n, "%s/parley.db", dir);
	return path;
}

/* Opens the data directory and looks at the file. 0, or -1 with fault. */
static int look(struct copy_side *s, enum sqlite_check *check, char fault[COPY_FAULT_BYTES])
{
	struct sqlite_found found = {0};
	char said[DATA_DIR_FAULT_BYTES] = "";

	disk_errno_watch();
	*check = SQLITE_CHECK_REFUSED;
	if (data_dir_open(&s->dir, s->given + strlen(sqlite_prefix), said) == 0)
		*check = sqlite_check_file(&s->dir, &found, said);
	if (*check == SQLITE_CHECK_REFUSED) {
		snprintf(fault, COPY_FAULT_BYTES, "%s", said);
		return -1;
	}
	if (*check == SQLITE_CHECK_LOG_LOST || *check == SQLITE_CHECK_BACKUP ||
	    (*check == SQLITE_CHECK_SOUND && found.version != store_migrations_newest))
		return say(s, fault, "was not closed by this version of Parley: start parleyd on it once, stop it, and copy then");
	return 0;
}

static int open_sqlite_source(struct copy_side *s, char fault[COPY_FAULT_BYTES])
{
	enum sqlite_check check;
	auto_free char *path = database_path(s->given + strlen(sqlite_prefix));

	if (access(path, F_OK) != 0)
		return say(s, fault, "has no parley.db");
	if (look(s, &check, fault) != 0)
		return -1;
	int rc = db_sqlite_open_reader(&s->reader, s->dir.db_path);
	s->db = &s->reader.db;
	if (rc == SQLITE_OK)
		rc = sqlite_connection_keep_log(&s->reader.connection, true);
	return rc == SQLITE_OK ? 0 : copy_side_fail(s, fault);
}

static int open_driver(struct copy_side *s, char fault[COPY_FAULT_BYTES])
{
	char reason[200] = "";

	s->driver = sqlite_driver_new(&s->dir);
	s->dir = (struct data_dir){.lock_fd = -1};
	s->driver->is_copied = true;
	if (sqlite_driver_open_writer(s->driver, reason, sizeof reason) != 0) {
		snprintf(fault, COPY_FAULT_BYTES, "%s cannot be opened: %s", s->name, reason);
		return -1;
	}
	s->db = &s->driver->writer.db;
	return 0;
}

static int open_sqlite_target(struct copy_side *s, char fault[COPY_FAULT_BYTES])
{
	enum sqlite_check check;
	char said[DATA_DIR_FAULT_BYTES];

	if (look(s, &check, fault) != 0)
		return -1;
	if (check == SQLITE_CHECK_FRESH && sqlite_schema_create(&s->dir, said) != 0) {
		snprintf(fault, COPY_FAULT_BYTES, "%s", said);
		return -1;
	}
	return open_driver(s, fault);
}

/* --- PostgreSQL --------------------------------------------------------------------------------------------------------------------------- */

static void name_postgres(struct copy_side *s)
{
	struct db_postgres_status status;
	size_t n;

	db_postgres_status(s->db, &status);
	n = strcspn(status.place, " ");
	snprintf(s->name, sizeof s->name, "postgresql://%.*s", (int)n, status.place);
}

/* The lock is the connection's, and goes with it. Its number: ours in the upper half (the migrations' plus one), the schema's in the lower. */
static const struct db_statement held = {
	.sql = "SELECT pg_try_advisory_lock(1348564090::bigint << 32 |"
	       " (SELECT oid::bigint FROM pg_namespace WHERE nspname = current_schema()))::int::bigint,"
	       " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'parleyd'"
	       " AND pid <> pg_backend_pid())",
	.parameters = "",
};

static int hold_postgres(struct copy_side *s, char fault[COPY_FAULT_BYTES])
{
	auto_answer *found = db_ask_plain(s->db, &held);

	if (db_row(found) != DB_ROW)
		return copy_side_fail(s, fault);
	if (db_column_signed(found, 0) == 0)
		return say(s, fault, "is being copied by another process");
	return db_column_signed(found, 1) == 0 ? 0 : say(s, fault, "is in use by a parleyd: stop it first");
}

static int open_postgres(struct copy_side *s, char fault[COPY_FAULT_BYTES])
{
	if (!libpq_load(fault, COPY_FAULT_BYTES))
		return -1;
	s->db = db_postgres_new(&(struct db_postgres_options){.address = s->given,
							      .statement_ms = STATEMENT_MS,
							      .answer_ms = STATEMENT_MS + 5000,
							      .idle_ms = INT_MAX,
							      .is_for_copy = true});
	int rc = db_postgres_connect(s->db);
	name_postgres(s);
	if (rc != DB_OK) {
		struct db_postgres_status status;
		db_postgres_status(s->db, &status);
		snprintf(fault, COPY_FAULT_BYTES, "%s: %s", s->name, status.reason);
		return -1;
	}
	return hold_postgres(s, fault);
}

/* --- both --------------------------------------------------------------------------------------------------------------------------------- */

static void begin_open(struct copy_side *s, const char *given)
{
	*s = (struct copy_side){.given = given, .is_postgres = copy_side_is_postgres(given), .dir.lock_fd = -1};
	snprintf(s->name, sizeof s->name, "%s", s->is_postgres ? "postgresql" : given);
}

int copy_side_open_source(struct copy_side *s, const char *given, char fault[COPY_FAULT_BYTES])
{
	begin_open(s, given);
	return s->is_postgres ? open_postgres(s, fault) : open_sqlite_source(s, fault);
}

int copy_side_open_target(struct copy_side *s, const char *given, char fault[COPY_FAULT_BYTES])
{
	begin_open(s, given);
	return s->is_postgres ? open_postgres(s, fault) : open_sqlite_target(s, fault);
}

void copy_side_undo(struct copy_side *s)
{
	if (s->driver)
		s->driver->is_undone = true;
	else if (s->dir.path)
		data_dir_undo(&s->dir);
}

static void close_db_of(struct copy_side *s)
{
	if (s->db && !s->driver)
		db_close(s->db);
	s->db = NULL;
}

void copy_side_close(struct copy_side *s)
{
	close_db_of(s);
	if (s->driver)
		sqlite_driver_destroy(s->driver);
	else if (s->dir.path)
		data_dir_finish(&s->dir);
	s->driver = NULL;
}

/* Of SQLite every commit leaves a proof how far the file got (log_reach.h). Those of a copy have no events to count: their rooms say what is to come. */
int copy_side_commit(struct copy_side *s)
{
	if (!s->driver)
		return db_commit(s->db);
	struct store_driver *driver = &s->driver->driver;
	int rc = driver->methods->before_commit(driver, 0);
	if (rc == DB_OK)
		rc = db_commit(s->db);
	if (rc != DB_OK)
		return rc;
	driver->methods->after_commit(driver, 0);
	driver->methods->after_answers(driver);
	return DB_OK;
}

int copy_side_mark_moved(struct copy_side *s, const char *to, char fault[COPY_FAULT_BYTES])
{
	if (!s->is_postgres) {
		close_db_of(s);
		if (open_driver(s, fault) != 0)
			return -1;
	}
	int rc = db_begin(s->db, true);
	if (rc == DB_OK)
		rc = copy_meta_put_text(s->db, COPY_META_MOVED, to);
	if (rc == DB_OK)
		rc = copy_side_commit(s);
	return rc == DB_OK ? 0 : copy_side_fail(s, fault);
}
