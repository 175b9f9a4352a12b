/*
 * From rows of the store to its structures. The columns are ROOM_COLUMNS and USER_COLUMNS of sqlite_statement.h, from the first on.
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_ROWS_H
#define PARLEY_STORE_SQLITE_SQLITE_ROWS_H

#include "store/sqlite/sqlite_connection.h"
#include "store/store.h"

/* Fills *out with copies; finish it with store_room_finish() and store_user_finish(). False, with *out empty: the row is damaged (not UTF-8, no
 * id, a number out of its range). */
bool sqlite_rows_room(sqlite3_stmt *st, struct store_room *out);
bool sqlite_rows_user(sqlite3_stmt *st, struct store_user *out);
bool sqlite_rows_member_role(sqlite3_stmt *st, int column, enum member_role *out);

#endif
