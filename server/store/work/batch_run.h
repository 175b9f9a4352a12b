/*
 * Runs batches of operations: all that is ready, BATCH_MAX or BATCH_US of work at most, in one transaction, and gives each its result.
 *
 * The transaction is all or nothing. What a failure means:
 *   no room          each operation gets -EAGAIN, and nothing of it is stored.
 *   damage that one operation alone is about  it gets -EBADMSG, and the others go again.
 *   another writer was in the way, or took a key  the operations of the batch go again one by one. One that fails so RACES_MAX times gets -ENOTCONN.
 *   it fails by itself, where others write too  the same; alone it gets -EIO.
 *   the database is away  each operation gets -ENOTCONN. When the connection was lost during the commit nobody knows whether it is done: the batch is
 *                    kept, and answered when the database says what became of it.
 *   what is written would not be found again  each gets -ESTALE, until a restart.
 *   the ground is lost, or anything else where nobody else writes  the process ends with nothing acknowledged.
 *
 * Where others write too, STORE_GUESTS_END is a batch of its own, so that all rooms of a transaction are locked in the order of their numbers.
 *
 * Where others write too, each transaction puts its number into the row of its writer (table writer). So the row tells after a lost connection whether the
 * transaction was committed: to lock it waits for one that still runs. The number goes with what the transaction asks first, so that the row is locked
 * before the COMMIT is sent: what arrives after the connection was given up is waited for as well. What asks nothing (a token is made, a probe) has no such
 * moment, and is nothing that anybody sees twice.
 *
 * Writer thread only.
 */
#ifndef PARLEY_STORE_WORK_BATCH_RUN_H
#define PARLEY_STORE_WORK_BATCH_RUN_H

#include "base/list.h"
#include "base/metrics.h"
#include "store/store_driver.h"
#include "store/work/batch.h"
#include "store/work/token_age.h"

enum { BATCH_US = 5000, BATCH_AHEAD_MIN = 8, BATCH_TOUCHES_MAX = 1024, BATCH_RACES_MAX = 5 };
/* The row of a writer that has not written for so long is deleted. */
static const int64_t BATCH_WRITER_KEPT_MS = (int64_t)30 * 24 * 60 * 60 * 1000;

struct batch_touch {
	enum touch_of of;
	uint8_t hash[SECRET_HASH_BYTES];
	int64_t day;
};

struct batch_runner {
	struct store_driver *driver;
	struct metrics *metrics;
	struct batch batch;
	struct token_age token_age;
	struct batch_touch touches[BATCH_TOUCHES_MAX]; /* for the next transaction; may be forgotten */
	size_t n_touches;
	bool without_room;        /* an outage that was logged */
	uint64_t last_failure_ms; /* of that outage */
	bool is_away;             /* the connection is lost; logged */
	size_t n_alone;           /* so many operations go one by one */
	size_t n_races;           /* that the first of them lost */
	size_t n_ahead;           /* so many look ahead: few after a batch that had to end early */
	bool is_new_epoch;        /* what is known of the database is of its history before */
	bool has_row;             /* where others write too: the writer's (driver->writer) is there */
	uint64_t batch_no;        /* of the newest transaction that began */
	struct list undecided;    /* store_op.link: of a transaction whose commit may be done */
	uint64_t undecided_events;
	struct token_age undecided_age;
};

/* Any thread but the writer's, before that begins. Returns a db_result. */
int batch_runner_init(struct batch_runner *r, struct store_driver *driver, struct metrics *m, struct damage *damage);
void batch_runner_finish(struct batch_runner *r);
/* Runs one batch of what is ready (not empty); what was done, whatever its result, is moved to `done`, each with its result; what goes again stays in front. True: something was
 * committed. */
bool batch_run(struct batch_runner *r, struct list *ready, struct list *done);
/* A batch waits for the database to say what became of it: batch_decide() is called again and again, until it has. */
static inline bool batch_is_undecided(const struct batch_runner *r)
{
	return !list_empty(&r->undecided);
}
/* Asks what became of it. What was committed is moved to `done`; what was not goes again, in front of `ready`. */
void batch_decide(struct batch_runner *r, struct list *ready, struct list *done);
/* While a batch is undecided, what is ready gets -ENOTCONN. */
void batch_refuse(struct batch_runner *r, struct list *ready, struct list *done);
/* The number of the newest transaction of this writer that is in the database, to be let go of; no row: there is none. */
struct db_answer *batch_ask_writer(struct db *db, const struct uid *writer);
/* The store is closed before it is known: the undecided batch gets -ENOTCONN as well. */
void batch_give_up(struct batch_runner *r, struct list *done);

#endif
