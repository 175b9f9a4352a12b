/*
 * The tables, and making a database file. A new file is made whole under another name and then renamed, so a crash never leaves
 * half of one behind. Making and adopting are for the time before any other connection is open.
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_SCHEMA_H
#define PARLEY_STORE_SQLITE_SQLITE_SCHEMA_H

#include "store/sqlite/data_dir.h"
#include "store/store.h"

struct sqlite_connection;

enum {
	SQLITE_SCHEMA_APPLICATION_ID = 0x50726C79, /* "Prly", in the file's header */
};

/* Makes DIR/parley.db. 0, or -1 with a sentence in fault. */
int sqlite_schema_create(const struct data_dir *d, char fault[DATA_DIR_FAULT_BYTES]);
/* Writes the tables into an empty database, and what a new one holds, in one transaction. Returns SQLite's code. */
int sqlite_schema_write(struct sqlite_connection *c);
/* The file is at an earlier state than it was before (a backup was put in place, its log is lost, or it was moved elsewhere and is used again): it gets a
 * new epoch, because cursors from before are void, counts as closed and as not moved, and is in WAL mode. */
int sqlite_schema_begin_epoch(const struct data_dir *d, char fault[DATA_DIR_FAULT_BYTES]);
/* The epoch as clients see it. Returns SQLite's code. */
int sqlite_schema_epoch(struct sqlite_connection *c, char out[STORE_EPOCH_BYTES + 1]);
/* The same, whole. */
int sqlite_schema_epoch_id(struct sqlite_connection *c, struct uid *out);
/* How far the file got: its events, and its commits without any. Each commit adds to one of the two (log_reach.h). Returns SQLite's code. */
int sqlite_schema_progress(struct sqlite_connection *c, uint64_t *n_events, uint64_t *n_quiet_commits);
/* Marks the file as open, which is brought into the file itself at once, or as closed. Between the two there is always a log: a file that says
 * it is open and has none has lost it. Returns SQLite's code. */
int sqlite_schema_mark_open(struct sqlite_connection *c, bool is_open);
/* False also when it cannot be read. */
bool sqlite_schema_is_open(struct sqlite_connection *c);
/* Brings a database made by an earlier parleyd to what this one works with (sqlite_migrate.h), and its skeletons to what the libraries make of the names;
 * nothing is written when nothing is missing. For the writer's connection, before it or any reader prepares its statements. Returns SQLite's code. */
int sqlite_schema_complete(struct sqlite_connection *c);

/* All tables, for the check at the start; name NULL at the end. */
struct sqlite_schema_table {
	const char *name;
	int from_version, to_version; /* those that have it */
};
extern const struct sqlite_schema_table sqlite_schema_tables[];

#endif
