/*
 * Brings a file of an earlier version to the newest (store/migrations.h), and keeps a copy of it as it was.
 *
 * A file that is to be migrated is first copied to DIR/parley.db.before-NNN, where NNN is the first step that it lacks. Only then is anything written to it. The copy is made
 * under another name and renamed when it is on disk, so a file of this name is whole. It stays until the server has ended cleanly with the newest
 * version, was started again, and has committed something.
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_MIGRATE_H
#define PARLEY_STORE_SQLITE_SQLITE_MIGRATE_H

#include "store/migrations.h"
#include "store/sqlite/data_dir.h"
#include "store/sqlite/sqlite_connection.h"

/* Before any other connection is open: copies a file of this version, which is not the newest. 0, or -1 with a sentence in fault; then nothing was touched. */
int sqlite_migrate_keep_copy(const struct data_dir *d, int version, char fault[DATA_DIR_FAULT_BYTES]);
/* Removes the copies that earlier starts kept: this version serves. */
void sqlite_migrate_drop_copies(const struct data_dir *d);

/* Takes all steps that the file lacks, each in a transaction with its number, after it completed what 001 stands for (sqlite_complete.h). Returns
 * SQLite's code; when it failed, the connection is good for nothing but its reason and being closed. */
int sqlite_migrate(struct sqlite_connection *c);
/* One step, within the caller's transaction. Returns SQLite's code. */
int sqlite_migrate_step(struct sqlite_connection *c, int number);

#endif
