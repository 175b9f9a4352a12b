/*
 * A writer of SQLite that follows the rules of a database which others write too: all operations of a batch look before the first one writes, the counters of rooms
 * are read again for each batch, and each batch puts its number into the row of its writer.
 */
#ifndef PARLEY_TESTS_STORE_SHARED_H
#define PARLEY_TESTS_STORE_SHARED_H

#include "store/sqlite/db_sqlite.h"
#include "store/store_driver.h"

#include <stdlib.h>

/* For store_sqlite_config.with_writer. */
static inline void store_shared_writer(struct store_driver *driver, void *arg)
{
	struct db_sqlite *d = db_sqlite_of(driver->db);
	(void)arg;
	if (sqlite_connection_exec(&d->connection, "CREATE TABLE IF NOT EXISTS writer (id BLOB PRIMARY KEY, batch_no INTEGER NOT NULL,"
						   " seen_ms INTEGER NOT NULL) STRICT") != SQLITE_OK)
		abort();
	db_sqlite_look_ahead(d);
	d->db.is_only_writer = false;
}

#endif
