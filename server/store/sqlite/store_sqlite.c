#include "store/sqlite/store_sqlite.h"

#include "base/log.h"
#include "base/memory.h"
#include "store/sqlite/data_dir.h"
#include "store/sqlite/db_sqlite.h"
#include "store/sqlite/disk_errno.h"
#include "store/sqlite/sqlite_check.h"
#include "store/sqlite/sqlite_migrate.h"
#include "store/sqlite/sqlite_schema.h"
#include "store/work/commit_queue.h"
#include "store/work/store_reader.h"

#include <stdio.h>
#include <stdlib.h>

enum { READERS_DEFAULT = 2, READERS_MAX = 64, SLOW_QUEUE_MAX = 16 };
/* The last reader is for backups and verification, which take long and must not hold up the others. */
enum { SLOW_READERS = 1 };

struct store_sqlite {
	struct store store; /* first: what chat sees */
	struct metrics *metrics;
	struct data_dir dir;
	bool is_undone;
	struct commit_queue *writes;
	struct damage *damage;
	struct worker_pool *reads, *slow_reads;
	size_t n_readers;                                       /* with the slow one */
	struct db_sqlite databases[READERS_MAX + SLOW_READERS]; /* the readers' */
	struct store_reader readers[READERS_MAX + SLOW_READERS];
	void *states[READERS_MAX + SLOW_READERS]; /* &readers[i], for the pools */
};

static void run_read(struct worker_job *j, void *thread_state)
{
	struct store_op *op = list_entry(j, struct store_op, job);
	op->result = store_reader_apply(thread_state, op);
}

static void read_done(struct worker_job *j)
{
	struct store_op *op = list_entry(j, struct store_op, job);
	op->done(op);
}

static int submit(struct store *store, struct store_op *op)
{
	struct store_sqlite *s = list_entry(store, struct store_sqlite, store);
	enum store_op_how how = store_op_how(op->kind);
	if (how == STORE_WRITE)
		return commit_queue_submit(s->writes, op);
	op->job.run = run_read;
	op->job.done = read_done;
	return worker_submit(how == STORE_SLOW_READ ? s->slow_reads : s->reads, &op->job);
}

static void destroy(struct store *store)
{
	struct store_sqlite *s = list_entry(store, struct store_sqlite, store);
	worker_pool_destroy(s->reads);
	worker_pool_destroy(s->slow_reads);
	for (size_t i = 0; i < s->n_readers; i++)
		db_close(s->readers[i].db);
	commit_queue_destroy(s->writes);
	damage_destroy(s->damage);
	if (s->is_undone)
		data_dir_undo(&s->dir);
	data_dir_finish(&s->dir);
	free(s);
}

void store_sqlite_undo(struct store *store)
{
	list_entry(store, struct store_sqlite, store)->is_undone = true;
}

static const struct store_methods methods = {.submit = submit, .destroy = destroy};

/* Takes a file that is there into use. 0, or -1 with fault. */
static int adopt_file(const struct data_dir *d, enum sqlite_check check, char fault[DATA_DIR_FAULT_BYTES])
{
	if (check == SQLITE_CHECK_SOUND)
		return 0;
	if (check == SQLITE_CHECK_BACKUP)
		LOG_INFO("store.backup_adopted", LOG_S("path", d->db_path));
	else
		LOG_WARN("store.log_lost", LOG_S("path", d->wal_path),
			 LOG_S("what", "the log does not reach as far as it did when the server ended: the newest events are lost, "
				       "and clients begin anew"));
	return sqlite_schema_begin_epoch(d, fault);
}

/* Looks, then makes or adopts where that is right. 0, or -1 with fault. */
static int prepare_file(const struct data_dir *d, char fault[DATA_DIR_FAULT_BYTES])
{
	struct sqlite_found found;
	enum sqlite_check check = sqlite_check_file(d, &found, fault);
	if (check == SQLITE_CHECK_REFUSED)
		return -1;
	if (check == SQLITE_CHECK_FRESH)
		return sqlite_schema_create(d, fault);
	/* Before anything is written to it. */
	if (found.version < store_migrations_newest && sqlite_migrate_keep_copy(d, found.version, fault) != 0)
		return -1;
	if (found.version == store_migrations_newest && found.was_closed)
		sqlite_migrate_drop_copies(d);
	return adopt_file(d, check, fault);
}

static int look_for_owner(struct store_sqlite *s, struct sqlite_connection *c)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(c, ST_USER_OWNER);
	return sqlite_statement_finds(st, &s->store.has_owner);
}

static int open_connections(struct store_sqlite *s, struct loop *l, const struct store_sqlite_config *config, char *reason, size_t n)
{
	s->damage = damage_new(s->metrics, s->dir.db_path);
	s->writes = commit_queue_new(
		&(struct commit_queue_config){
			.loop = l, .metrics = s->metrics, .dir = &s->dir, .damage = s->damage, .queue_max = config->queue_max},
		reason, n);
	if (!s->writes)
		return -1;
	size_t wanted = config->n_readers != 0 ? config->n_readers : READERS_DEFAULT;
	wanted = (wanted < READERS_MAX ? wanted : READERS_MAX) + SLOW_READERS;
	while (s->n_readers < wanted) {
		struct store_reader *r = &s->readers[s->n_readers];
		struct db_sqlite *d = &s->databases[s->n_readers];
		s->states[s->n_readers++] = r;
		*r = (struct store_reader){.db = &d->db, .connection = &d->connection, .writes = s->writes, .damage = s->damage};
		if (db_sqlite_open_reader(d, s->dir.db_path) != SQLITE_OK ||
		    sqlite_statement_prepare_all(&d->connection, ROLE_READER) != SQLITE_OK ||
		    sqlite_schema_epoch(&d->connection, s->store.epoch) != SQLITE_OK || look_for_owner(s, &d->connection) != SQLITE_OK) {
			sqlite_connection_reason(&d->connection, reason, n);
			return -1;
		}
	}
	return 0;
}

struct store *store_sqlite_open(struct loop *l, struct metrics *m, const struct store_sqlite_config *config, char fault[400])
{
	/* The process counts its memory elsewhere; SQLite's own count is a lock around every allocation. Refused, harmlessly, when a store was
	 * opened before. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	disk_errno_watch();
	struct store_sqlite *s = mem_new(struct store_sqlite);
	s->store.methods = &methods;
	s->metrics = m;
	if (data_dir_open(&s->dir, config->dir, fault) != 0 || prepare_file(&s->dir, fault) != 0) {
		data_dir_undo(&s->dir);
		data_dir_finish(&s->dir);
		free(s);
		return NULL;
	}
	char reason[200] = "";
	if (open_connections(s, l, config, reason, sizeof reason) != 0) {
		snprintf(fault, DATA_DIR_FAULT_BYTES, "%s cannot be opened: %s; is the disk full, or the file not writable?",
			 s->dir.db_path, reason);
		store_sqlite_undo(&s->store);
		destroy(&s->store);
		return NULL;
	}
	size_t n_fast = s->n_readers - SLOW_READERS;
	s->reads = worker_pool_new(l, "store-read", n_fast, config->queue_max, s->states);
	s->slow_reads = worker_pool_new(l, "store-slow", SLOW_READERS, SLOW_QUEUE_MAX, s->states + n_fast);
	return &s->store;
}
