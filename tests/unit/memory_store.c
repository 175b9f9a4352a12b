#include "memory_store.h"

#include "base/memory.h"
#include "store/sqlite/sqlite_schema.h"
#include "store_shared.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define NEW_EPOCH "UPDATE main.meta SET value = randomblob(16) WHERE key = 'epoch'"

/* The database of a test that is over is kept for the next one, because opening one and preparing its statements takes longer than most tests. */
static struct memory_store *spare;

static struct memory_store *store_of(struct db *db)
{
	return list_entry(db_sqlite_of(db), struct memory_store, database);
}

static int commit(struct db *db)
{
	struct memory_store *m = store_of(db);
	enum memory_commit now = m->next_commit;
	m->next_commit = MEMORY_COMMIT_DONE;
	switch (now) {
	case MEMORY_COMMIT_DONE:
		break;
	case MEMORY_COMMIT_LOST_RACE:
		return DB_LOST_RACE;
	case MEMORY_COMMIT_LOST_BEFORE:
		return DB_AWAY;
	case MEMORY_COMMIT_LOST_AFTER:
		return m->real->commit(db) == DB_OK ? DB_AWAY : DB_FAILED;
	}
	return m->real->commit(db);
}

static bool is_in_place(struct store_driver *driver)
{
	(void)driver;
	return true;
}

static int before_commit(struct store_driver *driver, uint64_t n_events)
{
	(void)driver;
	(void)n_events;
	return DB_OK;
}

static void after_commit(struct store_driver *driver, uint64_t n_events)
{
	(void)driver;
	(void)n_events;
}

static int reconnect(struct store_driver *driver, struct db *db)
{
	(void)driver;
	return store_of(db)->is_cut ? DB_AWAY : DB_OK;
}

static void lost(struct store_driver *driver, struct db *db, const char *during) __attribute__((noreturn));

static void lost(struct store_driver *driver, struct db *db, const char *during)
{
	(void)driver;
	db_sqlite_exit(db_sqlite_of(db), during);
}

static const struct store_driver_methods driver_methods = {.is_in_place = is_in_place,
							   .before_commit = before_commit,
							   .after_commit = after_commit,
							   .reconnect = reconnect,
							   .backup_instead = "it is in memory",
							   .lost = lost};

static void check(const struct memory_store *m, int code)
{
	if (code == SQLITE_OK)
		return;
	fprintf(stderr, "%s\n", sqlite3_errmsg(m->database.connection.db));
	abort();
}

static void begin_writing(struct memory_store *m, struct batch_runner *r, struct metrics *metrics, struct damage *damage)
{
	int rc = batch_runner_init(r, &m->driver, metrics, damage);
	assert(rc == DB_OK);
	(void)rc;
}

/* Prepares emptying the database later: each table gets its first rows again, of which a copy is kept. */
static void keep_first_rows(struct memory_store *m)
{
	struct sqlite_connection *c = &m->database.connection;
	auto_buf tables = BUF_INIT;
	sqlite3_stmt *st;
	check(m, sqlite3_prepare_v2(c->db, "SELECT name FROM main.sqlite_schema WHERE type = 'table'", -1, &st, NULL));
	while (sqlite3_step(st) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		buf_appendf(&tables, "CREATE TEMP TABLE first_%s AS SELECT * FROM main.%s;", name, name);
		buf_appendf(&m->empty_sql, "DELETE FROM main.%s; INSERT INTO main.%s SELECT * FROM temp.first_%s;", name, name, name);
	}
	check(m, sqlite3_finalize(st));
	buf_append_byte(&tables, 0);
	check(m, sqlite_connection_exec(c, (const char *)tables.data));
	buf_append_str(&m->empty_sql, NEW_EPOCH);
	buf_append_byte(&m->empty_sql, 0);
}

static struct memory_store *open_database(void)
{
	/* Without a lock around each allocation, the same as in the server. SQLite refuses this harmlessly when a database was opened before. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	struct memory_store *m = mem_new(struct memory_store);
	check(m, db_sqlite_open_writer(&m->database, ":memory:"));
	check(m, sqlite_schema_write(&m->database.connection));
	keep_first_rows(m);
	m->real = m->database.db.methods;
	m->methods = *m->real;
	m->methods.commit = commit;
	m->database.db.methods = &m->methods;
	m->driver = (struct store_driver){.methods = &driver_methods, .db = &m->database.db};
	return m;
}

static void empty_database(struct memory_store *m)
{
	m->next_commit = MEMORY_COMMIT_DONE;
	m->is_cut = false;
	m->database.db.looks_ahead = false;
	m->database.db.is_only_writer = true;
	check(m, sqlite_connection_exec(&m->database.connection, (const char *)m->empty_sql.data));
}

static void close_database(struct memory_store *m)
{
	db_close(&m->database.db);
	buf_finish(&m->empty_sql);
	free(m);
}

struct memory_store *memory_store_new(struct metrics *metrics)
{
	struct memory_store *m = spare;
	spare = NULL;
	if (m)
		empty_database(m);
	else
		m = open_database();
	m->metrics = metrics;
	m->damage = damage_new(metrics, "memory");
	m->reader = (struct store_reader){.db = m->driver.db, .driver = &m->driver, .damage = m->damage};
	begin_writing(m, &m->runner, m->metrics, m->damage);
	return m;
}

void memory_store_free(struct memory_store *m)
{
	assert(!batch_is_undecided(&m->runner));
	batch_runner_finish(&m->runner);
	m->runner = (struct batch_runner){0};
	sqlite3_close(m->backup);
	m->backup = NULL;
	damage_destroy(m->damage);
	if (spare)
		close_database(m);
	else
		spare = m;
}

/* The runner keeps in memory what nobody else writes. Where others write it has a row, which its first transaction of any kind makes. */
static void begin_writing_anew(struct memory_store *m)
{
	struct list ready, done;
	struct store_ping ping = {.op.kind = STORE_PING};
	assert(!batch_is_undecided(&m->runner));
	batch_runner_finish(&m->runner);
	m->runner = (struct batch_runner){0};
	begin_writing(m, &m->runner, m->metrics, m->damage);
	list_init(&ready);
	list_init(&done);
	list_append(&ready, &ping.op.link);
	memory_store_write(m, &ready, &done);
}

void memory_store_share(struct memory_store *m)
{
	store_shared_writer(&m->driver, NULL);
	begin_writing_anew(m);
}

void memory_store_epoch(struct memory_store *m, char epoch[STORE_EPOCH_BYTES + 1])
{
	check(m, sqlite_schema_epoch(&m->database.connection, epoch));
}

/* Does what commit_queue.c does with what is ready. */
void memory_store_write(struct memory_store *m, struct list *ready, struct list *done)
{
	do {
		if (batch_is_undecided(&m->runner))
			batch_decide(&m->runner, ready, done);
		if (batch_is_undecided(&m->runner))
			batch_refuse(&m->runner, ready, done);
		else if (!list_empty(ready))
			batch_run(&m->runner, ready, done);
	} while (!list_empty(ready));
}

void memory_store_write_by_another(struct memory_store *m, struct list *ready, struct list *done)
{
	struct batch_runner *r = mem_new(struct batch_runner);
	struct metrics *metrics = mem_new(struct metrics);
	struct damage *damage = damage_new(metrics, "memory, of another");
	begin_writing(m, r, metrics, damage);
	while (!list_empty(ready))
		batch_run(r, ready, done);
	batch_runner_finish(r);
	damage_destroy(damage);
	free(metrics);
	free(r);
}

void memory_store_read(struct memory_store *m, struct store_op *op)
{
	op->result = store_reader_apply(&m->reader, op);
}

static char *print(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));

static char *print(const char *format, va_list ap)
{
	char *sql;
	int n = vasprintf(&sql, format, ap);
	assert(n >= 0);
	(void)n;
	return sql;
}

void memory_store_change(struct memory_store *m, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	auto_free char *sql = print(format, ap);
	va_end(ap);
	check(m, sqlite_connection_exec(&m->database.connection, sql));
}

uint64_t memory_store_number(struct memory_store *m, const char *format, ...)
{
	int code;
	va_list ap;
	va_start(ap, format);
	auto_free char *sql = print(format, ap);
	va_end(ap);
	int64_t number = sqlite_connection_number(&m->database.connection, sql, &code);
	check(m, code);
	return (uint64_t)number;
}

static void copy(const struct memory_store *m, sqlite3 *to, sqlite3 *from)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	assert(b);
	int stepped = sqlite3_backup_step(b, -1);
	assert(stepped == SQLITE_DONE);
	(void)stepped;
	check(m, sqlite3_backup_finish(b));
}

void memory_store_back_up(struct memory_store *m)
{
	if (!m->backup)
		check(m, sqlite3_open(":memory:", &m->backup));
	copy(m, m->backup, m->database.connection.db);
}

void memory_store_restore(struct memory_store *m)
{
	assert(m->backup);
	copy(m, m->database.connection.db, m->backup);
	check(m, sqlite_connection_exec(&m->database.connection, NEW_EPOCH));
	if (m->database.db.is_only_writer)
		begin_writing_anew(m);
	else
		memory_store_share(m); /* the copy may be older than that */
}
