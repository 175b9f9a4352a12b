/*
 * A file of version 1 may lack what came to that version later: 0.1.0 grew column by column before there were numbered steps (store/migrations.h).
 * It is completed, and then it is what migration 001 makes.
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_COMPLETE_H
#define PARLEY_STORE_SQLITE_SQLITE_COMPLETE_H

#include "store/sqlite/sqlite_connection.h"

/* Each addition is a transaction of its own, and what is there already is passed over. Returns SQLite's code. */
int sqlite_complete(struct sqlite_connection *c);

#endif
