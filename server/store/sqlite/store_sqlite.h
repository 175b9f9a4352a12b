/*
 * The store in one SQLite file: DIR/parley.db (WAL, synchronous=FULL), one writer thread with group commit, a few reader threads.
 * Implements store/store.h. Created, used and destroyed on the loop thread.
 */
#ifndef PARLEY_STORE_SQLITE_STORE_SQLITE_H
#define PARLEY_STORE_SQLITE_STORE_SQLITE_H

#include "base/loop.h"
#include "base/metrics.h"
#include "store/store.h"

struct store_driver;

struct store_sqlite_config {
	const char *dir;  /* made (0700) when missing */
	size_t n_readers; /* 0: 2 */
	size_t queue_max; /* writes (and reads) waiting, 0: no limit */
	bool start_moved; /* a database that was moved elsewhere (store/copy/) is taken into use again, with a new epoch */
	/* For tests: called with the driver whose connection of the writer is open, before its thread begins. NULL: nothing is. */
	void (*with_writer)(struct store_driver *driver, void *arg);
	void *arg;
};

/* Opens or makes the database. NULL with fault filled: in use by another process, damaged (the file is left untouched), made by a newer
 * version, no permission, disk full. The sentence names the file and what to do. Nothing
 * that it made is left then. */
struct store *store_sqlite_open(struct loop *l, struct metrics *m, const struct store_sqlite_config *config, char fault[400]);
/* The server will not serve after all: a data directory that this start made goes with the store. Before it is destroyed. */
void store_sqlite_undo(struct store *store);

#endif
