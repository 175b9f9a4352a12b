/*
 * Keeps the log (parley.db-wal) short without holding up the writer. A thread of its own copies what was committed into the
 * database file while the writer goes on, piece by piece (copy_pace.h); then the writer copies the little that came meanwhile, between two transactions, and the
 * next one starts the log over. (Left to itself SQLite would do all of it within somebody's commit, or under a steady load never
 * get to start over.)
 *
 * checkpoint_after_commit() is the writer thread's; new and destroy the loop thread's. A disk without room leaves the log as it is,
 * to be tried again; an fsync that fails ends the process.
 */
#ifndef PARLEY_STORE_SQLITE_CHECKPOINT_H
#define PARLEY_STORE_SQLITE_CHECKPOINT_H

#include "store/sqlite/log_reach.h"
#include "store/sqlite/sqlite_connection.h"

struct checkpoint;

/* db_fd: any descriptor of the database file; reach is told how much is copied, or NULL. Both stay the caller's, to be closed after this.
 * NULL when the database cannot be opened once more. */
struct checkpoint *checkpoint_new(const char *db_path, int db_fd, struct log_reach *reach);
/* After each transaction, with the log's length. */
void checkpoint_after_commit(struct checkpoint *k, struct sqlite_connection *writer, int wal_pages);
/* Waits for a copy that is under way. Accepts NULL. */
void checkpoint_destroy(struct checkpoint *k);

#endif
