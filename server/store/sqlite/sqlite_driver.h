/*
 * What the store does for one SQLite file beside asking it (store_driver.h): the writer's connection with the proof how far its log reaches (log_reach.h),
 * the copying of the log into the file (checkpoint.h), the mark that the file is open, and whether the files are where they were. And the readers'
 * connections, which close before the writer's.
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_DRIVER_H
#define PARLEY_STORE_SQLITE_SQLITE_DRIVER_H

#include "store/sqlite/data_dir.h"
#include "store/sqlite/db_sqlite.h"
#include "store/store_driver.h"
#include "store/work/store_work.h"

struct log_reach;
struct checkpoint;

struct sqlite_driver {
	struct store_driver driver; /* first */
	struct data_dir dir;
	struct db_sqlite writer;
	struct log_reach *reach;            /* NULL: nothing is proved */
	uint64_t n_events, n_quiet_commits; /* in the database: its events, and its commits without any */
	struct checkpoint *checkpoint;
	/* The loop's to open and close, for the checkpoint. Closed after the last connection: to close any descriptor of a file gives up the process's locks on it (fcntl(2)). */
	int db_fd;
	int wal_pages;
	bool files_gone;   /* for good */
	bool drops_copies; /* those that were kept before a migration, once a commit shows that this version serves. The writer thread's */
	bool is_undone;    /* the data directory goes with it */
	bool is_copied;    /* its rows stay as they are: a copy (store/copy/) writes them, or has written them elsewhere */
	size_t n_readers;
	struct db_sqlite databases[STORE_READERS_MAX + STORE_SLOW_READERS];
	struct store_reader readers[STORE_READERS_MAX + STORE_SLOW_READERS];
};

/* With an open data directory, which is its own from then on, whose file is there. */
struct sqlite_driver *sqlite_driver_new(const struct data_dir *dir);
/* Closes what is open and frees it. */
void sqlite_driver_destroy(struct sqlite_driver *d);
/* Opens the writer's connection, with all that belongs to it. 0, or -1 with the reason; then nothing of it is open. */
int sqlite_driver_open_writer(struct sqlite_driver *d, char *reason, size_t n);
/* Opens one reader more. Returns SQLite's code. */
int sqlite_driver_open_reader(struct sqlite_driver *d);

#endif
