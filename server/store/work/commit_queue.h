/*
 * The writer thread and its group commit: it takes all operations that came while the last commit ran, at most
 * COMMIT_QUEUE_BATCH_MAX or COMMIT_QUEUE_BATCH_US of work, does them in one transaction, commits it to disk, and posts all done()
 * calls to the loop at once. With one operation waiting that is one commit; with thousands it still is only hundreds per fsync.
 *
 * While the loop is busy (it has asked for another turn, as it does while a big room is swept), what it submits is held and handed over
 * together, at the end of the first turn after COMMIT_QUEUE_HOLD_US: each commit costs the processor about as much as ten deliveries.
 *
 * The transaction is all or nothing: when it fails for want of room, each of its operations gets -EAGAIN and nothing of it is
 * stored. When one of them cannot be done because its room's log is damaged, that one gets -EBADMSG and the others go again. When the ground is lost
 * (sqlite_fault.h) the process ends with nothing acknowledged. When a file of the data directory is not where it
 * was (removed, renamed, replaced), nothing is acknowledged any more until a restart: each operation gets -ESTALE.
 */
#ifndef PARLEY_STORE_WORK_COMMIT_QUEUE_H
#define PARLEY_STORE_WORK_COMMIT_QUEUE_H

#include "base/loop.h"
#include "base/metrics.h"
#include "store/sqlite/data_dir.h"
#include "store/store.h"
#include "store/work/damage.h"

enum { COMMIT_QUEUE_BATCH_MAX = 500, COMMIT_QUEUE_BATCH_US = 5000, COMMIT_QUEUE_HOLD_US = 1000 };

struct commit_queue;

struct commit_queue_config {
	struct loop *loop;
	struct metrics *metrics;
	struct data_dir *dir;  /* outlives the queue, which notes its files in it */
	struct damage *damage; /* outlives the queue */
	size_t queue_max;      /* 0: no limit */
};

/* Opens the writer's connection and starts the thread. NULL with the reason when the database cannot be opened for writing. */
struct commit_queue *commit_queue_new(const struct commit_queue_config *config, char *reason, size_t n);
/* Loop thread; the thread has it at the end of this turn, or of a turn COMMIT_QUEUE_HOLD_US from now. 0, or -EBUSY. */
int commit_queue_submit(struct commit_queue *q, struct store_op *op) __attribute__((warn_unused_result));
/* Any thread: notes with the next transaction that a token was used on this day; may be forgotten. */
void commit_queue_touch_token(struct commit_queue *q, const uint8_t hash[SECRET_HASH_BYTES], int64_t day);
/* Commits what waits (done() calls are posted), ends the thread, empties the log into the database and closes. Every other
 * connection must be closed by then. Accepts NULL. */
void commit_queue_destroy(struct commit_queue *q);

#endif
