/*
 * The writer thread and its group commit: it takes all operations that came while the last commit ran and runs them in batches (batch_run.h), and posts all
 * done() calls of a batch to the loop at once. With one operation waiting that is one commit; with thousands it still is only hundreds per fsync.
 *
 * While the loop is busy (it has asked for another turn, as it does while a big room is swept), what it submits is held and handed over
 * together, at the end of the first turn after COMMIT_QUEUE_HOLD_US: each commit costs the processor about as much as ten deliveries.
 */
#ifndef PARLEY_STORE_WORK_COMMIT_QUEUE_H
#define PARLEY_STORE_WORK_COMMIT_QUEUE_H

#include "base/loop.h"
#include "base/metrics.h"
#include "store/store_driver.h"
#include "store/work/damage.h"
#include "store/work/token_age.h"

enum { COMMIT_QUEUE_HOLD_US = 1000, COMMIT_QUEUE_DECIDE_MS = 50 };

struct commit_queue;

struct commit_queue_config {
	struct loop *loop;
	struct metrics *metrics;
	struct store_driver *driver; /* outlives the queue */
	struct damage *damage;       /* outlives the queue */
	size_t queue_max;            /* 0: no limit */
};

/* Starts the thread. NULL when the database does not say what the writer has to know: db_reason() of the driver's connection. */
struct commit_queue *commit_queue_new(const struct commit_queue_config *config);
/* op->call.run is the caller's: it runs on the loop thread when op->result is set. Loop thread; the thread has it at the end of this turn, or of a turn COMMIT_QUEUE_HOLD_US from now. 0, or -EBUSY. */
int commit_queue_submit(struct commit_queue *q, struct store_op *op) __attribute__((warn_unused_result));
/* Any thread: notes with the next transaction that a token was used on this day; may be forgotten, and is where q is NULL. */
void commit_queue_touch_token(struct commit_queue *q, enum touch_of of, const uint8_t hash[SECRET_HASH_BYTES], int64_t day);
/* The loop thread: what comes is of another history. */
void commit_queue_begin_epoch(struct commit_queue *q);
/* Commits what waits (done() calls are posted) and ends the thread. Accepts NULL. */
void commit_queue_destroy(struct commit_queue *q);

#endif
