/*
 * From rows of the store to its structures. The columns are ROOM_COLUMNS and USER_COLUMNS of sqlite_statement.h, from the first on.
 */
#ifndef PARLEY_STORE_SQLITE_ROWS_H
#define PARLEY_STORE_SQLITE_ROWS_H

#include "chat/store_port.h"
#include "store/sqlite_connection.h"

/* Fills *out with copies; finish it with store_room_finish(). */
void sqlite_rows_room(sqlite3_stmt *st, struct store_room *out);
void sqlite_rows_user(sqlite3_stmt *st, struct store_user *out);

#endif
