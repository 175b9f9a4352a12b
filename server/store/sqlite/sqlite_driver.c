#include "store/sqlite/sqlite_driver.h"

#include "base/log.h"
#include "base/memory.h"
#include "store/sqlite/checkpoint.h"
#include "store/sqlite/log_reach.h"
#include "store/sqlite/sqlite_fault.h"
#include "store/sqlite/sqlite_migrate.h"
#include "store/sqlite/sqlite_reader.h"
#include "store/sqlite/sqlite_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct db_statement quiet_commits_set = {.sql = "UPDATE meta SET value = $1 WHERE key = 'quiet_commits'", .parameters = "n"};

static struct sqlite_driver *driver_of(struct store_driver *driver)
{
	return (struct sqlite_driver *)driver;
}

static bool is_in_place(struct store_driver *driver)
{
	struct sqlite_driver *d = driver_of(driver);
	if (d->files_gone)
		return false;
	const char *path = data_dir_missing(&d->dir);
	if (!path)
		return true;
	LOG_ERROR("store.file_gone", LOG_S("path", path), LOG_S("what", "it was removed, renamed or replaced while the server runs"),
		  LOG_S("consequence", "writes are refused until the server is started again"));
	d->files_gone = true;
	return false;
}

/* Every commit leaves the database further than it was (log_reach.h). Events count themselves, in the rows of their rooms, which are written anyway. */
static int before_commit(struct store_driver *driver, uint64_t n_events)
{
	struct sqlite_driver *d = driver_of(driver);
	return n_events > 0 ? DB_OK : db_send(&d->writer.db, &quiet_commits_set, db_number(d->n_quiet_commits + 1));
}

static void prove_reach(struct sqlite_driver *d)
{
	if (d->reach)
		log_reach_put(d->reach, &d->writer.connection, d->n_events + d->n_quiet_commits);
}

static void after_commit(struct store_driver *driver, uint64_t n_events)
{
	struct sqlite_driver *d = driver_of(driver);
	d->n_events += n_events;
	d->n_quiet_commits += n_events == 0;
	prove_reach(d);
}

static void after_answers(struct store_driver *driver)
{
	struct sqlite_driver *d = driver_of(driver);
	if (d->drops_copies)
		sqlite_migrate_drop_copies(&d->dir);
	d->drops_copies = false;
	checkpoint_after_commit(d->checkpoint, &d->writer.connection, d->wal_pages);
}

/* A file is there or the ground is lost. */
static int reconnect(struct store_driver *driver, struct db *db)
{
	(void)driver;
	(void)db;
	return DB_OK;
}

static void lost(struct store_driver *driver, struct db *db, const char *during) __attribute__((noreturn));

static void lost(struct store_driver *driver, struct db *db, const char *during)
{
	(void)driver;
	db_sqlite_exit(db_sqlite_of(db), during);
}

static void close_driver(struct store_driver *driver)
{
	sqlite_driver_destroy(driver_of(driver));
}

static const struct store_driver_methods methods = {.is_in_place = is_in_place,
						    .before_commit = before_commit,
						    .after_commit = after_commit,
						    .after_answers = after_answers,
						    .reconnect = reconnect,
						    .check_ground = sqlite_reader_check_ground,
						    .backup = sqlite_reader_backup,
						    .lost = lost,
						    .close = close_driver};

struct sqlite_driver *sqlite_driver_new(const struct data_dir *dir)
{
	struct sqlite_driver *d = mem_new(struct sqlite_driver);
	d->driver.methods = &methods;
	d->driver.db = &d->writer.db;
	d->dir = *dir;
	d->db_fd = -1;
	return d;
}

/* Brings all of the log into the file and lets go of it; else, harmlessly, the log stays and the next start reads it. A log beside another
 * database than its own is left alone: SQLite would delete it by its name. */
static void close_file(struct sqlite_driver *d)
{
	struct sqlite_connection *c = &d->writer.connection;
	char reason[200];
	if (!data_dir_has_database(&d->dir)) {
		db_close(&d->writer.db);
		return;
	}
	int rc = sqlite_schema_mark_open(c, false);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_keep_log(c, false);
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK)
		LOG_WARN("store.log_kept", LOG_S("reason", sqlite_connection_reason(c, reason, sizeof reason)));
	db_close(&d->writer.db);
	if (rc == SQLITE_OK && d->reach)
		log_reach_put_closed(d->reach);
}

void sqlite_driver_destroy(struct sqlite_driver *d)
{
	for (size_t i = 0; i < d->n_readers; i++)
		db_close(&d->databases[i].db);
	checkpoint_destroy(d->checkpoint);
	if (d->checkpoint)
		close_file(d);
	log_reach_destroy(d->reach);
	if (d->db_fd >= 0)
		close(d->db_fd);
	if (d->is_undone)
		data_dir_undo(&d->dir);
	data_dir_finish(&d->dir);
	free(d);
}

/* They are all open by now, so one that is not there was removed between. */
static void note_files(struct sqlite_driver *d)
{
	int failed = data_dir_note_files(&d->dir);
	if (failed != 0)
		LOG_WARN("store.files_not_noted", LOG_S("reason", strerror(-failed)));
}

/* Not being able to is no reason not to start: the log is only not missed then. */
static void mark_open(struct sqlite_driver *d)
{
	struct sqlite_connection *c = &d->writer.connection;
	char reason[200];
	int rc = sqlite_schema_mark_open(c, true);
	if (rc == SQLITE_OK)
		return;
	if (sqlite_fault_of(rc, sqlite_connection_errno(c)) == SQLITE_FAULT_GROUND_LOST)
		sqlite_fault_exit(c, rc, "start");
	LOG_WARN("store.not_marked_open", LOG_S("reason", sqlite_connection_reason(c, reason, sizeof reason)));
}

/* A directory that takes no new file is no reason not to start either: the log is then only not proved. */
static int open_reach(struct sqlite_driver *d)
{
	struct uid epoch;
	int rc = sqlite_schema_epoch_id(&d->writer.connection, &epoch);
	if (rc == SQLITE_OK)
		rc = sqlite_schema_progress(&d->writer.connection, &d->n_events, &d->n_quiet_commits);
	if (rc != SQLITE_OK)
		return rc;
	d->reach = log_reach_open(&d->dir, &epoch);
	if (!d->reach)
		LOG_WARN("store.reach_not_kept", LOG_S("path", d->dir.reach_path), LOG_S("reason", strerror(errno)));
	return SQLITE_OK;
}

static int note_wal_pages(void *arg, sqlite3 *db, const char *name, int pages)
{
	(void)db;
	(void)name;
	((struct sqlite_driver *)arg)->wal_pages = pages;
	return SQLITE_OK;
}

int sqlite_driver_open_writer(struct sqlite_driver *d, char *reason, size_t n)
{
	struct sqlite_connection *c = &d->writer.connection;
	int rc = db_sqlite_open_writer(&d->writer, d->dir.db_path);
	if (rc == SQLITE_OK && !d->is_copied)
		rc = sqlite_schema_complete(c);
	if (rc == SQLITE_OK)
		rc = open_reach(d);
	if (rc == SQLITE_OK)
		d->db_fd = open(d->dir.db_path, O_RDONLY | O_CLOEXEC);
	if (d->db_fd >= 0)
		d->checkpoint = checkpoint_new(d->dir.db_path, d->db_fd, d->reach);
	if (!d->checkpoint) {
		if (rc == SQLITE_OK)
			snprintf(reason, n, "a further descriptor or connection failed: %s", strerror(errno));
		else
			sqlite_connection_reason(c, reason, n);
		db_close(&d->writer.db);
		return -1;
	}
	mark_open(d);
	note_files(d);
	prove_reach(d);
	sqlite3_wal_hook(c->db, note_wal_pages, d);
	return 0;
}

int sqlite_driver_open_reader(struct sqlite_driver *d)
{
	struct db_sqlite *reader = &d->databases[d->n_readers];
	d->readers[d->n_readers++] = (struct store_reader){.db = &reader->db};
	return db_sqlite_open_reader(reader, d->dir.db_path);
}
