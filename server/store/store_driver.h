/*
 * What the threads of a store (store/work/) need of a database beside its connections (db.h). Each kind of database has one: it wires a store
 * together (store_work.h), and embeds this head in a structure of its own.
 *
 * Everything here but close() is called by the writer thread, with the writer's connection, unless its line says otherwise.
 */
#ifndef PARLEY_STORE_STORE_DRIVER_H
#define PARLEY_STORE_STORE_DRIVER_H

#include "store/db.h"
#include "store/store.h"

struct store_driver;

struct store_driver_methods {
	/* Before each transaction, and again after its commit, before anybody is told of it: whether what is written can be found again. False, for good: -ESTALE. */
	bool (*is_in_place)(struct store_driver *d);
	/* In each transaction before anything else, where others write too: its operations bring n_bytes of data, or fewer. A db_result. NULL: no transaction ends for
	 * standing still. */
	int (*begun)(struct store_driver *d, size_t n_bytes);
	/* At the end of each transaction, which stores n_events: what the driver wants stored with it. A db_result. */
	int (*before_commit)(struct store_driver *d, uint64_t n_events);
	/* It is on disk, and nobody was told of it. */
	void (*after_commit)(struct store_driver *d, uint64_t n_events);
	/* Its operations are on their way back. */
	void (*after_answers)(struct store_driver *d);
	/* The connection is lost, or not current: DB_OK when there is one again, or a failure, and it is asked again later. It may wait for a moment. Each
	 * connection's own thread. */
	int (*reconnect)(struct store_driver *d, struct db *db);
	/* Whether the connection is there, as far as is known, and holds the epoch that the store has. Each connection's own thread. NULL: always. */
	bool (*is_current)(struct store_driver *d, struct db *db);
	/* STORE_ROOM_TOPS, a reader's thread: the epoch that the database has now, and whether a room ends before what was told of it. DB_OK: all is as the connection knows it. DB_AWAY:
	 * the history is another one, and the connection is made again. NULL: nobody else begins another. */
	int (*check_history)(struct store_driver *d, struct db *db, const struct uid *epoch, bool is_behind);
	/* Any thread: operations are about to come back with -ENOTCONN because a connection is not current. The store says before that it is away
	 * (store_state.h). NULL: no connection is ever lost. */
	void (*away)(struct store_driver *d);
	/* Loop thread, before the other threads end: from now on nothing waits for a database that is away. NULL: nothing does. */
	void (*closing)(struct store_driver *d);
	/* STORE_VERIFY, a reader's thread, within its transaction on this connection: looks at what lies below the tables, and reports each fault
	 * (read_verify_report). A db_result. NULL: the database sees to that by itself. */
	int (*check_ground)(struct db *db, struct store_verify *op);
	/* STORE_VERIFY, a reader's thread, within a transaction on this connection: its statements may take as long as they need. A db_result. NULL: they may
	 * anyway. */
	int (*take_long)(struct db *db);
	/* STORE_BACKUP, a reader's thread. NULL: backup_instead says what else makes one. */
	int (*backup)(struct db *db, struct store_backup *op);
	const char *backup_instead;
	/* Logs what db_reason() says and ends the process. Any thread, with the connection that failed. */
	void (*lost)(struct store_driver *d, struct db *db, const char *during) __attribute__((noreturn));
	/* Loop thread: no other thread is left. Closes all connections and frees it. */
	void (*close)(struct store_driver *d);
};

struct store_driver {
	const struct store_driver_methods *methods;
	struct db *db; /* the writer's */
	/* Of the writer thread, where others write too: its row in the table writer, and the newest of its transactions that is known to be committed. */
	struct uid writer;
	uint64_t batch_no;
};

#endif
