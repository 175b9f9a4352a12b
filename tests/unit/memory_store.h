/*
 * The store's own code (server/store/work/ over store/sqlite/) on a database in memory, on the caller's thread: no file, no queue, no other thread. Writes run in the batches of
 * batch_run.h and reads as a reader's thread runs them, on one connection. What becomes of a commit can be set by the test.
 */
#ifndef PARLEY_TESTS_MEMORY_STORE_H
#define PARLEY_TESTS_MEMORY_STORE_H

#include "store/sqlite/db_sqlite.h"
#include "store/work/batch_run.h"
#include "store/work/store_reader.h"

enum memory_commit {
	MEMORY_COMMIT_DONE,
	MEMORY_COMMIT_LOST_RACE,   /* it loses against another writer, and nothing is stored */
	MEMORY_COMMIT_LOST_BEFORE, /* the connection is lost before it is done */
	MEMORY_COMMIT_LOST_AFTER,  /* it is done, and the connection is lost before anybody knows */
};

struct memory_store {
	struct db_sqlite database;
	struct db_methods methods; /* the database's, with a commit that the test decides about */
	const struct db_methods *real;
	struct store_driver driver;
	struct batch_runner runner;
	struct store_reader reader;
	struct damage *damage;
	struct metrics *metrics;
	struct buf empty_sql;           /* the database is as it was at first */
	sqlite3 *backup;                /* NULL: none was made */
	enum memory_commit next_commit; /* becomes MEMORY_COMMIT_DONE with it */
	bool is_cut;                    /* there is no connection to be had: what an undecided batch waits for */
};

/* An empty database, which may be that of a store that was freed. The metrics outlive the store. */
struct memory_store *memory_store_new(struct metrics *metrics);
void memory_store_free(struct memory_store *m);
/* From now on it follows the rules of a database that others write too (store_shared.h). */
void memory_store_share(struct memory_store *m);
void memory_store_epoch(struct memory_store *m, char epoch[STORE_EPOCH_BYTES + 1]);

/* Does what the writer's thread does with what is ready: what was done is moved to `done` with its result. What is left is undecided. */
void memory_store_write(struct memory_store *m, struct list *ready, struct list *done);
/* Does all of it in the place of another process that writes to the database. The database must be shared, or unwritten so far. */
void memory_store_write_by_another(struct memory_store *m, struct list *ready, struct list *done);
/* Sets the operation's result. */
void memory_store_read(struct memory_store *m, struct store_op *op);

/* Changes what is stored with SQL, made as printf does, behind the store's back. */
void memory_store_change(struct memory_store *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first column of the first row. */
uint64_t memory_store_number(struct memory_store *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Keeps a copy of the database. */
void memory_store_back_up(struct memory_store *m);
/* Puts the copy in its place, with a new epoch. No operation may be undecided. */
void memory_store_restore(struct memory_store *m);

#endif
