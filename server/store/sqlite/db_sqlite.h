/*
 * The driver of db.h for one SQLite file. A question runs when its first row is wanted, a change at once.
 *
 * Statements are prepared at their first use and found by their address. One that is still on its rows when it is asked again gets a second copy.
 * SQLite's result codes become db_result by sqlite_fault.h. The code and the errno of the last failure are kept, because the connection forgets them
 * with the next call.
 *
 * A db_sqlite is embedded by its owner, belongs to one thread at a time, and stays where it is while it is open.
 */
#ifndef PARLEY_STORE_SQLITE_DB_SQLITE_H
#define PARLEY_STORE_SQLITE_DB_SQLITE_H

#include "store/db.h"
#include "store/sqlite/sqlite_connection.h"

enum { DB_SQLITE_BUCKETS = 128 }; /* a power of two */

struct db_sqlite_statement;
struct db_sqlite_answer;

struct db_sqlite {
	struct db db; /* first */
	struct sqlite_connection connection;
	struct db_sqlite_statement *statements[DB_SQLITE_BUCKETS];
	struct db_sqlite_answer *free_answers;
	bool in_transaction;
	int failed;       /* what ended the open transaction: a db_result below 0, or 0 */
	int code;         /* SQLite's, of the last failure */
	char reason[300]; /* of the last failure */
};

/* Opens the file for reading. Returns SQLite's code; db_close() it in either case. */
int db_sqlite_open_reader(struct db_sqlite *d, const char *path);
/* Opens the file for writing, as its only writer. Returns SQLite's code; db_close() it in either case. */
int db_sqlite_open_writer(struct db_sqlite *d, const char *path);
/* For tests: from now on a question runs when it is asked, so that it sees no change that is made after it (db.looks_ahead). */
void db_sqlite_look_ahead(struct db_sqlite *d);
static inline struct db_sqlite *db_sqlite_of(struct db *db)
{
	return (struct db_sqlite *)db;
}
/* Logs what failed last, or that what was read in the open transaction made no sense, and ends the process (sqlite_fault_exit). */
void db_sqlite_exit(struct db_sqlite *d, const char *during) __attribute__((noreturn));

#endif
