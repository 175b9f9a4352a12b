/*
 * The operations that look after the store itself. store_op.h tells what holds for all operations.
 */
#ifndef PARLEY_STORE_OP_UPKEEP_H
#define PARLEY_STORE_OP_UPKEEP_H

#include "store/store_op.h"

/* STORE_PING: a write transaction that changes nothing of note: proves that what is written is kept. */
struct store_ping {
	struct store_op op;
};
STORE_OP(ping, WRITE, NOTHING, NO_ROOM);

/* STORE_BACKUP: a whole copy of the store at `path` (absolute, must not exist: -EEXIST). Online. -ENOSPC: no room for it; else a negative errno.
 * A copy that failed is removed. */
struct store_backup {
	struct store_op op;
	struct text path;
	char fault[500]; /* out, when result is not 0: names the path, when it is not too long */
};
STORE_OP(backup, SLOW_READ, NOTHING, NO_ROOM);

/* STORE_VERIFY: seqs contiguous from 1, n_messages right, references whole, the file sound. */
struct store_verify {
	struct store_op op;
	uint64_t n_rooms, n_events, n_faults; /* out */
	struct buf faults;                    /* out: one line each, the first 100 */
};
STORE_OP(verify, SLOW_READ, OWNS, NO_ROOM);
static inline void store_verify_finish(struct store_verify *op)
{
	buf_finish(&op->faults);
}

#endif
