/* The SQL function skeleton(NAME), which makes the skeletons of a database that lacks them. */
#ifndef PARLEY_STORE_SQLITE_SKELETON_SQL_H
#define PARLEY_STORE_SQLITE_SKELETON_SQL_H

#include <sqlite3.h>

/* Makes it known to this connection, which frees what it takes. Returns SQLite's code. */
int skeleton_sql_register(sqlite3 *db);

#endif
