#include "store/sqlite/checkpoint.h"

#include "base/log.h"
#include "base/memory.h"
#include "store/sqlite/copy_pace.h"
#include "store/sqlite/disk_errno.h"
#include "store/sqlite/sqlite_fault.h"
#include "store/work/store_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
	COPY_AT_PAGES = 768,     /* 3 MiB: short copies hold up the log's own syncs less than long ones */
	INSIST_AT_PAGES = 16384, /* 64 MiB: somebody reads on and on; wait for a moment without readers */
	INSIST_MS = 20,
	HURRY_AT_PAGES = 2048, /* 8 MiB: the log grows faster than it is copied in pieces */
	FEW_PAGES = 128,       /* that came during a copy: the writer itself copies so many between two transactions */
	ROUNDS_MAX = 4,
};

enum state { IDLE, WANTED, COPIED };

struct checkpoint {
	struct sqlite_connection connection; /* the thread's */
	struct copy_pace pace;               /* of its database file */
	struct log_reach *reach;             /* not owned; NULL: nobody is told */
	_Atomic int log_pages;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool stopping;
	_Atomic int state;
	int next_at_pages; /* the writer's: not before the log is this long */
};

/* Copies what it can. Returns the pages that are left, or -1 when it could not (no room, or another copies). */
static int copy(struct sqlite_connection *c, int mode, struct log_reach *reach)
{
	int in_log = 0, copied = 0;
	disk_errno_forget();
	if (reach)
		log_reach_put_copying(reach);
	int rc = sqlite3_wal_checkpoint_v2(c->db, NULL, mode, &in_log, &copied);
	if (rc == SQLITE_OK)
		return in_log - copied;
	switch (sqlite_fault_of(rc, sqlite_connection_errno(c))) {
	case SQLITE_FAULT_GROUND_LOST:
		sqlite_fault_exit(c, rc, "checkpoint");
	case SQLITE_FAULT_OTHER: {
		char reason[200];
		LOG_WARN("store.checkpoint_failed", LOG_I("code", rc), LOG_S("reason", sqlite_connection_reason(c, reason, sizeof reason)));
		break;
	}
	case SQLITE_FAULT_NO_ROOM:
		break;
	}
	return -1;
}

/* Again while much came meanwhile; then to disk, so that the writer's sync finds little. */
static void copy_in_rounds(struct checkpoint *k)
{
	int left, came;
	unsigned round = 0;
	do {
		int before = atomic_load(&k->log_pages);
		left = copy(&k->connection, SQLITE_CHECKPOINT_PASSIVE, k->reach);
		came = atomic_load(&k->log_pages) - before;
	} while (left == 0 && ++round < ROUNDS_MAX && came > FEW_PAGES);
	int rc = left >= 0 ? copy_pace_sync(&k->pace) : SQLITE_OK;
	if (rc != SQLITE_OK)
		sqlite_fault_exit(&k->connection, rc, "checkpoint");
	if (left == 0 && k->reach)
		log_reach_put_copied(k->reach, &k->connection);
}

static void *checkpoint_thread(void *arg)
{
	struct checkpoint *k = arg;
	pthread_mutex_lock(&k->mutex);
	while (!k->stopping) {
		if (atomic_load(&k->state) != WANTED) {
			pthread_cond_wait(&k->changed, &k->mutex);
			continue;
		}
		pthread_mutex_unlock(&k->mutex);
		copy_in_rounds(k);
		pthread_mutex_lock(&k->mutex);
		atomic_store(&k->state, COPIED);
	}
	pthread_mutex_unlock(&k->mutex);
	return NULL;
}

struct checkpoint *checkpoint_new(const char *db_path, int db_fd, struct log_reach *reach)
{
	struct checkpoint *k = mem_new(struct checkpoint);
	k->reach = reach;
	k->next_at_pages = COPY_AT_PAGES;
	if (sqlite_connection_open_bare(&k->connection, db_path, SQLITE_OPEN_READWRITE) != SQLITE_OK ||
	    copy_pace_attach(&k->pace, &k->connection, db_fd) != SQLITE_OK) {
		sqlite_connection_close(&k->connection);
		free(k);
		return NULL;
	}
	sqlite_connection_exec(&k->connection, "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 16");
	pthread_mutex_init(&k->mutex, NULL);
	pthread_cond_init(&k->changed, NULL);
	store_thread_start(&k->thread, "store-copy", checkpoint_thread, k);
	return k;
}

/* The rest, by the writer itself: nobody else adds to the log meanwhile. */
static void finish_copy(struct checkpoint *k, struct sqlite_connection *writer, int wal_pages)
{
	int left = copy(writer, SQLITE_CHECKPOINT_PASSIVE, k->reach);
	if (left != 0 && wal_pages >= INSIST_AT_PAGES) {
		sqlite3_busy_timeout(writer->db, INSIST_MS);
		left = copy(writer, SQLITE_CHECKPOINT_RESTART, k->reach);
		sqlite3_busy_timeout(writer->db, SQLITE_CONNECTION_BUSY_MS);
	}
	if (left == 0 && k->reach)
		log_reach_put_copied(k->reach, writer);
	k->next_at_pages = left == 0 ? COPY_AT_PAGES : wal_pages + COPY_AT_PAGES;
}

void checkpoint_after_commit(struct checkpoint *k, struct sqlite_connection *writer, int wal_pages)
{
	atomic_store(&k->log_pages, wal_pages);
	copy_pace_hurry(&k->pace, wal_pages >= HURRY_AT_PAGES);
	switch ((enum state)atomic_load(&k->state)) {
	case IDLE:
		if (wal_pages < COPY_AT_PAGES)
			k->next_at_pages = COPY_AT_PAGES;
		if (wal_pages < k->next_at_pages)
			break;
		pthread_mutex_lock(&k->mutex);
		atomic_store(&k->state, WANTED);
		pthread_cond_signal(&k->changed);
		pthread_mutex_unlock(&k->mutex);
		break;
	case WANTED:
		break;
	case COPIED:
		finish_copy(k, writer, wal_pages);
		atomic_store(&k->state, IDLE);
		break;
	}
}

void checkpoint_destroy(struct checkpoint *k)
{
	if (!k)
		return;
	copy_pace_hurry(&k->pace, true);
	pthread_mutex_lock(&k->mutex);
	k->stopping = true;
	pthread_cond_signal(&k->changed);
	pthread_mutex_unlock(&k->mutex);
	pthread_join(k->thread, NULL);
	sqlite_connection_close(&k->connection);
	pthread_cond_destroy(&k->changed);
	pthread_mutex_destroy(&k->mutex);
	free(k);
}
