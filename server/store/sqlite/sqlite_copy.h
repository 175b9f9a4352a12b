/*
 * A copy of one moment of the database in a file of its own, made while others write. For backups, and before a migration.
 * Any thread, with its own connection.
 */
#ifndef PARLEY_STORE_SQLITE_SQLITE_COPY_H
#define PARLEY_STORE_SQLITE_SQLITE_COPY_H

#include "store/sqlite/sqlite_connection.h"

/* Makes the file for this user only; it must be new, which also keeps two copies from meeting in one file. 0, or a negative errno. */
int sqlite_copy_claim(const char *path);
/* Fills the claimed file and brings it to disk; a copy that fails is removed. 0; or -ENOSPC, or another negative errno, with the reason. A compact copy of
 * the rows (VACUUM INTO), which a damaged database does not give. */
int sqlite_copy_fill(struct sqlite_connection *c, const char *path, char *reason, size_t n);
/* The same, page by page, as damaged as they are. */
int sqlite_copy_fill_as_it_is(struct sqlite_connection *c, const char *path, char *reason, size_t n);
/* Removes a copy that may be there, whole or in part. */
void sqlite_copy_remove(const char *path);

#endif
