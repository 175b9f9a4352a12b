/*
 * Looks at the database file before anything may write to it, through a connection that cannot. A file that is refused is
 * left as it was, byte for byte, and so is its log.
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_CHECK_H
#define PARLEY_STORE_SQLITE_SQLITE_CHECK_H

#include "store/sqlite/data_dir.h"

enum sqlite_check {
	SQLITE_CHECK_FRESH, /* there is no file, or an empty one */
	SQLITE_CHECK_SOUND,
	SQLITE_CHECK_LOG_LOST, /* sound, but its log does not reach as far as it did (log_reach.h): what was only there is missing */
	SQLITE_CHECK_BACKUP,   /* sound, and not in WAL mode: somebody put a backup in place */
	SQLITE_CHECK_REFUSED,  /* fault has the sentence */
};

/* Of a file that was found sound. */
struct sqlite_found {
	int version;     /* the last migration it took: 1 or more, and not newer than what we know */
	bool was_closed; /* the server that had it last ended cleanly */
	/* By the marks of a copy (store/copy/): */
	bool is_half_copied; /* it is the target of one that is not finished */
	char moved_to[160];  /* it was the source of one: what the target is. "": it was not */
};

enum sqlite_check sqlite_check_file(const struct data_dir *d, struct sqlite_found *found, char fault[DATA_DIR_FAULT_BYTES]);

#endif
