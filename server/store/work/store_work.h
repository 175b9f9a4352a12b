/*
 * A store (store.h) over any database: the writer's queue and thread, the readers' threads, and what is known to be damaged. A driver opens its connections and wires
 * them together here. Created, used and destroyed on the loop thread.
 */
#ifndef PARLEY_STORE_WORK_STORE_WORK_H
#define PARLEY_STORE_WORK_STORE_WORK_H

#include "base/loop.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "store/store_driver.h"
#include "store/work/store_reader.h"

enum { STORE_READERS_DEFAULT = 2, STORE_READERS_MAX = 64 };
/* The last reader is for backups and verification, which take long and must not hold up the others. */
enum { STORE_SLOW_READERS = 1 };

struct store_work_config {
	struct loop *loop;
	struct metrics *metrics;
	const char *name;             /* of the database, for the log: copied */
	struct store_driver *driver;  /* closed with the store */
	struct store_reader *readers; /* the driver's, with their connections; n_readers, of which the last is the slow one */
	size_t n_readers;
	size_t queue_max; /* writes (and reads) waiting, 0: no limit */
};

/* NULL with the reason when the database does not say what has to be known; then the driver is still the caller's. The epoch is the driver's to set. */
struct store *store_work_open(const struct store_work_config *config, char *reason, size_t n);
/* How many readers there are for so many that are wanted (0: the default), with the slow one. */
size_t store_work_n_readers(size_t wanted);
struct store_driver *store_work_driver(struct store *store);
/* Whether somebody owns the server. A db_result. The thread of the connection. */
int store_work_has_owner(struct db *db, bool *has) warn_unused;
/* Loop thread: so many operations were submitted whose done() was not called. */
size_t store_work_n_under_way(const struct store *store);
/* Loop thread: nothing is under way, and what comes is of another history: what is known of the one before is forgotten. */
void store_work_begin_epoch(struct store *store);
/* Loop thread: each thread tries to make a connection again that is not current. Nothing happens while it still does. */
void store_work_mend(struct store *store);

#endif
