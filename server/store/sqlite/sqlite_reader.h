/*
 * What reads need of SQLite beside db.h (store_driver_methods). Any thread, with a connection of its own, which is a db_sqlite.
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_READER_H
#define PARLEY_STORE_SQLITE_SQLITE_READER_H

#include "store/db.h"
#include "store/store.h"

int sqlite_reader_check_ground(struct db *db, struct store_verify *op);
/* read_backup.c */
int sqlite_reader_backup(struct db *db, struct store_backup *op);

#endif
