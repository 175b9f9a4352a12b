/*
 * One connection to a PostgreSQL server as a struct db (store/db.h). It looks ahead, and is not the only writer.
 *
 * A transaction that first asks and then changes takes two round trips: the first db_row() sends BEGIN and every question; db_commit() sends every
 * change and COMMIT. Changes whose statement has a text for rows wait in memory until then and go as one execution for each statement, in the order
 * in which the statements were first sent with; changes without such a text go in their own order, before those.
 *
 * The text of a statement that db_claim() inserts with has no ON CONFLICT here: what somebody else has inserted since the question has to be a
 * DB_CONFLICT, after which the transaction is made again.
 *
 * Connection life: a db is made away. db_postgres_connect() tries once, and waits before until the next try is due (at first: at once; after a
 * failure a random part of 50 ms, doubled with each further one up to 1 s). While it is away every call of db.h returns DB_AWAY at once. A
 * connection is lost when the server closes it, and when an answer does not come within its time; what was prepared on it is prepared anew later.
 *
 *            db_postgres_connect(): DB_OK
 *     AWAY ────────────────────────────────→ CONNECTED
 *      ↑  └─ DB_AWAY, DB_FAILED: stays        │
 *      └───────────────────────────────────────┘ any call: DB_AWAY
 *
 * Threads: one thread at a time, except db_postgres_stop() and db_postgres_status(), which any thread may call.
 * Every wait has a deadline, with one exception that libpq leaves: the look-up of a host's name.
 */
#ifndef PARLEY_STORE_POSTGRES_DB_POSTGRES_H
#define PARLEY_STORE_POSTGRES_DB_POSTGRES_H

#include "base/memory.h"
#include "base/metrics.h"
#include "store/db.h"
#include "store/store.h"

enum {
	DB_POSTGRES_VERSION_LEAST = 15,
	DB_POSTGRES_REASON_BYTES = 240,
	DB_POSTGRES_PLACE_BYTES = 160,
};

struct db_postgres_options {
	const char *address;  /* a URI (postgresql://…) or keywords, given to libpq as it is; "": the environment's */
	const char *password; /* in place of the address's; NULL: none */
	/* 0 stands for the usual value. */
	int connect_ms;          /* an address is reached, and then the connection is ready: 5,000 */
	int statement_ms;        /* the server ends a statement: 10,000 */
	int lock_ms;             /* the server ends the wait for a lock: 3,000 */
	int idle_ms;             /* the server ends a transaction whose client is silent: 15,000 */
	int answer_ms;           /* silence that ends the connection: 5,000 more than statement_ms */
	int long_ms;             /* the server ends a statement of db_postgres_take_long(): 3,600,000 */
	int migrate_ms;          /* making or migrating the tables, and waiting for somebody else who does: 600,000 */
	bool may_lose_commits;   /* accept a server with synchronous_commit or fsync off */
	bool is_for_copy;        /* accept a database that is an unfinished copy, or that was moved elsewhere (store/copy/) */
	struct metrics *metrics; /* counts connections and round trips; NULL: nobody does */
};

struct db_postgres_status {
	bool is_connected;
	int64_t since_ms;                      /* wall clock; of is_connected */
	uint64_t next_try_in_ms;               /* away */
	uint64_t n_connects;                   /* that succeeded */
	int server_version;                    /* 150004 is 15.4; of the last connection */
	char place[DB_POSTGRES_PLACE_BYTES];   /* "host:port/database as user", without any secret */
	char reason[DB_POSTGRES_REASON_BYTES]; /* why it is away; a sentence */
};

/* After libpq_load() (libpq.h). Copies the options. Never NULL; without a connection. db_close() frees it. */
struct db *db_postgres_new(const struct db_postgres_options *options);
/*
 * DB_OK: it is connected, the tables are there and of this server's version, and the epoch is that of the database.
 * DB_AWAY: not reached, a standby, or stopped. DB_FAILED: reached, and refused: the reason says what an operator does. Both can be tried again.
 */
int db_postgres_connect(struct db *db) warn_unused;
/* Whether it is connected, as far as is known without asking. The thread of the connection. */
bool db_postgres_is_connected(struct db *db);
/* Drops the connection, outside of a transaction. */
void db_postgres_disconnect(struct db *db, const char *why);
/* No wait lasts any longer, now and later: for the end of the process. What a commit that is under way has come to is not known then. Any thread. */
void db_postgres_stop(struct db *db);
void db_postgres_status(struct db *db, struct db_postgres_status *out); /* any thread */
/* The epoch as clients see it, read with each connect. */
void db_postgres_epoch(struct db *db, char out[STORE_EPOCH_BYTES + 1]);
/* Whether this is what was read with the connect. */
bool db_postgres_has_epoch(struct db *db, const struct uid *epoch);
/* What was acknowledged before is missing: puts a new epoch into the database, outside of a transaction, unless somebody else has done so, and reads it. Its reason goes to the log. */
int db_postgres_renew_epoch(struct db *db, const char *why) warn_unused;
/* Within a transaction: its statements may take long_ms. A db_result. */
int db_postgres_take_long(struct db *db) warn_unused;
/* Times that something was sent and then its answer was waited for, since the db was made. */
uint64_t db_postgres_round_trips(struct db *db);

#endif
