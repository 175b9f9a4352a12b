/*
 * Brings to disk, in small pieces with rests between them, what a checkpoint writes into the database file. A disk takes its work in turn:
 * what one sync at the end would hand over at once, the log's next sync, and with it every acknowledgement, waits behind. Measured with
 * nothing but the two: beside syncs of 200 scattered pages the log's took 3.9 ms at the 99th percentile, beside pieces of 16 pages 0.7.
 *
 * It takes the place of one call (xWrite) in the table of calls of one connection's database file (sqlite3.h: sqlite3_io_methods), which
 * SQLite's own layer goes on to do. Durability is not its business: the log starts over only after a whole copy, which SQLite syncs.
 *
 * Used by the checkpoint's thread alone once it is attached, but for copy_pace_hurry().
 */
#ifndef PARLEY_STORE_SQLITE_COPY_PACE_H
#define PARLEY_STORE_SQLITE_COPY_PACE_H

#include "store/sqlite/sqlite_connection.h"

#include <stdatomic.h>
#include <stdint.h>

struct copy_pace {
	sqlite3_io_methods methods; /* first: what the file's pMethods points to */
	const sqlite3_io_methods *real;
	sqlite3_file *file;
	int fd;                 /* not owned: any descriptor of the file */
	sqlite3_int64 from, to; /* bytes of the file that hold the piece */
	size_t n_bytes;         /* written since the last piece went to disk */
	_Atomic bool hurry;
};

/* From now on until it closes, the connection's writes are paced. Returns SQLite's code. */
int copy_pace_attach(struct copy_pace *p, struct sqlite_connection *c, int fd);
/* Any thread: all at once from now on, as fast as it goes; or in pieces again. */
void copy_pace_hurry(struct copy_pace *p, bool hurry);
/* Brings to disk what the last piece left. Returns SQLite's code: one that is not SQLITE_OK means that what was written may be lost. */
int copy_pace_sync(struct copy_pace *p);

#endif
