/*
 * The tables, and making a database file. A new file is made whole under another name and then renamed, so a crash never leaves
 * half of one behind. Making and adopting are for the time before any other connection is open.
 */
#ifndef PARLEY_STORE_SQLITE_SCHEMA_H
#define PARLEY_STORE_SQLITE_SCHEMA_H

#include "chat/store_port.h"
#include "store/data_dir.h"

struct sqlite_connection;

enum {
	SQLITE_SCHEMA_APPLICATION_ID = 0x50726C79, /* "Prly", in the file's header */
	SQLITE_SCHEMA_VERSION = 1,                 /* user_version */
};

/* Makes DIR/parley.db. 0, or -1 with a sentence in fault. */
int sqlite_schema_create(const struct data_dir *d, char fault[DATA_DIR_FAULT_BYTES]);
/* The file is a backup that was put in place: it gets a new epoch, because cursors from before are void, and goes back to WAL. */
int sqlite_schema_adopt_backup(const struct data_dir *d, char fault[DATA_DIR_FAULT_BYTES]);
/* The epoch as clients see it. Returns SQLite's code. */
int sqlite_schema_epoch(struct sqlite_connection *c, char out[STORE_EPOCH_BYTES + 1]);
/* Adds what a database made by an earlier parleyd lacks; nothing is written when it lacks nothing. For the writer's connection, before
 * any reader prepares its statements. Returns SQLite's code. */
int sqlite_schema_complete(struct sqlite_connection *c);

/* The names of all tables, for the check at the start; NULL at the end. */
extern const char *const sqlite_schema_tables[];

#endif
