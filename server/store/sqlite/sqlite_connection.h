/*
 * One connection to the database file. Belongs to one thread at a time (opened without SQLite's mutexes).
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_CONNECTION_H
#define PARLEY_STORE_SQLITE_SQLITE_CONNECTION_H

#include "store/sqlite/sqlite_statement.h"

enum { SQLITE_CONNECTION_BUSY_MS = 5000 }; /* only another program can hold a lock for long */

struct sqlite_connection { /* zeroed: not open */
	sqlite3 *db;
};

/* Opens the file with our settings. 0, or SQLite's code; close it in either case. */
int sqlite_connection_open_reader(struct sqlite_connection *c, const char *path);
/* The same for the writer. */
int sqlite_connection_open_writer(struct sqlite_connection *c, const char *path);
/* Whether closing leaves the log beside the file, also when nobody else has it open; the writer's connection begins with true. A file that is
 * marked as open and has no log looks like a loss (sqlite_schema_is_open). Returns SQLite's code. */
int sqlite_connection_keep_log(struct sqlite_connection *c, bool keep);
/* Opens without statements: for the checks before the start, for making the file, for checkpoints. flags: sqlite3_open_v2's. */
int sqlite_connection_open_bare(struct sqlite_connection *c, const char *path, int flags);
/* Runs SQL without results; returns SQLite's code. */
int sqlite_connection_exec(struct sqlite_connection *c, const char *sql);
/* The first column of the first row as a number, or -1 with *rc set. */
int64_t sqlite_connection_number(struct sqlite_connection *c, const char *sql, int *rc);
/* Why the system failed the last failed call, by what this thread knows of it; 0: it did not, or nobody knows. */
int sqlite_connection_errno(struct sqlite_connection *c);
/* What SQLite says about the last failure, with the system's reason. Valid until the next call on the connection. */
const char *sqlite_connection_reason(struct sqlite_connection *c, char *out, size_t n);
void sqlite_connection_close(struct sqlite_connection *c);

#endif
