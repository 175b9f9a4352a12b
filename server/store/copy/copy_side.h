/*
 * One of the two databases of a copy, held so that no parleyd and no other copy has it: SQLite by the lock of its data directory, PostgreSQL by an
 * advisory lock of its schema and by looking who else is connected.
 *
 * A side is embedded by its owner and stays where it is while it is open. One thread.
 */
#ifndef PARLEY_STORE_COPY_COPY_SIDE_H
#define PARLEY_STORE_COPY_COPY_SIDE_H

#include "store/copy/copy_row.h"
#include "store/sqlite/data_dir.h"
#include "store/sqlite/db_sqlite.h"
#include "store/sqlite/sqlite_driver.h"

struct copy_side {
	const char *given; /* as the caller named it */
	char name[200];    /* for people, without a password: "sqlite:/srv/parley", "postgresql://host:5432/parley" */
	bool is_postgres;
	struct db *db;
	/* SQLite: */
	struct data_dir dir;
	struct db_sqlite reader;      /* the source's */
	struct sqlite_driver *driver; /* the target's; the source's while it is marked. It has dir then */
};

/* "sqlite:DIR" or postgresql://…: whether it names a database that this can open. */
bool copy_side_is_postgres(const char *given);
bool copy_side_is_sqlite(const char *given);

/* Opens it for reading, or for writing. 0, or -1 with a sentence in fault. Close it in either case; a zeroed one may be closed as well. */
int copy_side_open_source(struct copy_side *s, const char *given, char fault[COPY_FAULT_BYTES]);
int copy_side_open_target(struct copy_side *s, const char *given, char fault[COPY_FAULT_BYTES]);
/* Target: a directory that the open has made goes again. */
void copy_side_undo(struct copy_side *s);
void copy_side_close(struct copy_side *s);

/* Commits what was sent. DB_OK, or a failure. */
int copy_side_commit(struct copy_side *s);
/* The source, outside of a transaction: puts the mark that it has moved. 0, or -1 with fault. Nothing is read from it any more. */
int copy_side_mark_moved(struct copy_side *s, const char *to, char fault[COPY_FAULT_BYTES]);
/* Writes "NAME: REASON", the reason of its last failure; -1. */
int copy_side_fail(struct copy_side *s, char fault[COPY_FAULT_BYTES]);

#endif
