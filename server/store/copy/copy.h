/*
 * Moves a whole store from one kind of database to the other: SQLite to PostgreSQL, or back.
 *
 * Rows go in the order of their keys, some thousand or some MiB in a transaction. How far a copy got is what the target has: a copy that was ended at any
 * point goes on behind the greatest key of each table. Then every row of both sides is read again and compared. Only when they are equal, the source is
 * marked as moved, and after that the target as whole (copy_meta.h): at no moment does a parleyd start on both.
 *
 * The epoch goes along, and seqs are the same, so clients go on with their cursors.
 *
 * A row of the source that is damaged ends the copy. No row is left out.
 *
 * SIGINT and SIGTERM are blocked by the caller, and looked for between two transactions.
 */
#ifndef PARLEY_STORE_COPY_COPY_H
#define PARLEY_STORE_COPY_COPY_H

#include "store/copy/copy_row.h"

#include <stdint.h>

/* Whom a copy tells how far it is. */
struct copy_watcher {
	/* is_over: no more rows of this table come. */
	void (*progress)(void *arg, const char *stage, const char *table, uint64_t n_rows, bool is_over);
	/* A sentence: a difference that was found, or what the operator has to know. */
	void (*note)(void *arg, const char *text);
	void *arg;
};

/* from and to: "sqlite:DIR" or "postgresql://…", one of each. 0, or -1 with a sentence in fault. */
int copy_run(const char *from, const char *to, const struct copy_watcher *watcher, char fault[COPY_FAULT_BYTES]);

#endif
