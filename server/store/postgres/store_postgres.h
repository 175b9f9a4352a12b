/*
 * The store in a PostgreSQL database (db_postgres.h), which other processes may write to as well: one connection of the writer, some of readers.
 * Implements store/store.h. Created, used and destroyed on the loop thread.
 *
 * Destroying it takes the time of what is under way. While the database is away nothing waits for it; one that goes silent at that moment is waited for until a
 * statement's answer is overdue and one more connection was tried.
 */
#ifndef PARLEY_STORE_POSTGRES_STORE_POSTGRES_H
#define PARLEY_STORE_POSTGRES_STORE_POSTGRES_H

#include "base/loop.h"
#include "base/metrics.h"
#include "store/postgres/db_postgres.h"
#include "store/store.h"

enum { STORE_POSTGRES_FAULT_BYTES = 400 };

struct store_postgres_config {
	struct db_postgres_options database; /* its metrics are set by the store */
	size_t n_readers;                    /* 0: 2; one more reads what takes long */
	size_t queue_max;                    /* writes (and reads) waiting, 0: no limit */
	int start_ms;                        /* 0: 10,000 */
	const char *mark_path; /* where a file tells the next process how far this one came (postgres_mark.h); NULL: nowhere */
};

/*
 * Connects, makes or migrates the tables. NULL with a sentence in fault.
 * A server that refuses is an error at once. One that cannot be reached is tried for start_ms: a machine that starts both has the database ready a moment later, and after
 * that the service manager's restart is what waits, with a reason in its log.
 */
struct store *store_postgres_open(struct loop *l, struct metrics *m, const struct store_postgres_config *config,
				  char fault[STORE_POSTGRES_FAULT_BYTES]);

#endif
