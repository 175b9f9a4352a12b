/*
 * What the store does for a PostgreSQL database beside asking it (store_driver.h): its connections, whether the database is away, and its epoch.
 *
 *                    a connection is lost, or found another epoch
 *     IN USE ───────────────────────────────────────────────────────→ AWAY: submit() refuses, every thread tries to connect
 *        ↑                                                             │
 *        └──────────────────────────────────────────────────────────────┘
 *          all are connected, with one epoch; where that is another than the store's, all that was submitted is back, and the store has it now
 *
 * A connection whose epoch is not the store's answers nothing but what became of a commit (batch_run.h). One with an older epoch than the newest that
 * was found is made again.
 *
 * Threads: a connection is its thread's, the state above the loop's, and what both look at has a lock.
 */
#ifndef PARLEY_STORE_POSTGRES_POSTGRES_DRIVER_H
#define PARLEY_STORE_POSTGRES_POSTGRES_DRIVER_H

#include "store/postgres/db_postgres.h"
#include "store/postgres/postgres_mark.h"
#include "store/store_driver.h"
#include "store/work/store_work.h"

#include <pthread.h>

enum { POSTGRES_CONNECTIONS_MAX = 1 + STORE_READERS_MAX + STORE_SLOW_READERS, POSTGRES_DRIVER_TICK_MS = 50 };

/* A writer that stands still with rooms locked (its machine, or the network to it) loses them before others have waited for as long as they wait for a lock
 * (db_postgres_options.lock_ms): everybody needs the server's log now and then. */
enum { POSTGRES_DRIVER_WRITER_IDLE_MS = 2500 };

/* A transaction with so many bytes has more time: what a megabyte takes in a second. */
enum { POSTGRES_DRIVER_BIG_BYTES = 1 << 20, POSTGRES_DRIVER_BYTES_PER_MS = 1000 };

struct postgres_connection {
	struct db *db;
	postgres_epoch epoch; /* with the lock; of its last connect */
	bool is_connecting;   /* with the lock; what it finds is not noted yet */
};

struct postgres_driver {
	struct store_driver driver; /* first */
	struct loop *loop;
	struct store *store;      /* NULL: not begun. The loop's */
	struct loop_timer *timer; /* while it is away. The loop's */
	bool is_closed;           /* the loop's */
	size_t n_connections;
	struct postgres_connection connections[POSTGRES_CONNECTIONS_MAX]; /* the writer's first */
	struct store_reader readers[POSTGRES_CONNECTIONS_MAX];
	struct postgres_mark mark; /* the writer's thread's */
	int writer_idle_ms;
	char idle_text[24]; /* the writer's thread's: of the transaction that is under way */

	pthread_mutex_t lock; /* guards what follows */
	struct loop_call look;
	bool is_posted;        /* look is on its way to the loop, which has to find it */
	postgres_epoch newest; /* of the last connect of any of them */
	postgres_epoch in_use; /* the store's */
	bool has_owner;        /* as the writer found it */
};

/* Without connections. mark_path: of the file (postgres_mark.h); NULL: none. driver.methods->close() frees it. */
struct postgres_driver *postgres_driver_new(struct loop *l, const struct db_postgres_options *options, size_t n_readers,
					    const char *mark_path);
/* Makes a connection that is lost, or has an older epoch than was found since; where the database went back, that of the writer begins another epoch. A db_result. The thread of the connection. */
int postgres_driver_connect(struct postgres_driver *d, struct db *db) warn_unused;
/* All are connected, and the store is open. */
void postgres_driver_begin(struct postgres_driver *d, struct store *s);

#endif
