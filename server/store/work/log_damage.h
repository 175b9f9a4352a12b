/*
 * How far a damaged stretch of a room's log reaches. A damaged page takes the events next to each other with it, so the seqs that follow are tried one by one
 * at first, then at doubling distances: what lies between two damaged seqs may be readable then, and counts as damaged.
 * Any thread, with its own db, outside of a transaction: each damaged event ends one.
 */
#ifndef PARLEY_STORE_WORK_LOG_DAMAGE_H
#define PARLEY_STORE_WORK_LOG_DAMAGE_H

#include "store/db.h"

/* From the damaged `seq` towards `bound`, upward or downward: the last seq, `bound` at most, before one that can be read. At most 140 lookups, one after
 * the other. DB_OK, for damage as well, or a failure. */
int log_damage_reach(struct db *db, uint64_t room_no, const struct uid *room, uint64_t seq, uint64_t bound, uint64_t *last);

#endif
