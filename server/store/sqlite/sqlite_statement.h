/*
 * How a prepared statement of SQLite is bound, run and read, for what is not asked through db.h: making a database and copying it.
 *
 * A statement belongs to its connection and so to one thread. Texts and blobs are bound without a copy. They have to live until the statement is
 * reset.
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_STATEMENT_H
#define PARLEY_STORE_SQLITE_SQLITE_STATEMENT_H

#include "codec/request_decode.h"
#include "codec/uid.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void sqlite_statement_bind_uid(sqlite3_stmt *st, int at, const struct uid *id);
void sqlite_statement_bind_text(sqlite3_stmt *st, int at, struct text t); /* t.s NULL: SQL NULL */
/* Steps to the end and resets: SQLITE_OK, or the error. */
int sqlite_statement_run(sqlite3_stmt *st);
/* Zeroes it and returns false when the column does not hold 16 bytes. */
bool sqlite_statement_uid(sqlite3_stmt *st, int column, struct uid *out);

#endif
