/*
 * The read marks that move, with their authors' messages or by themselves, in the writer's memory until the end of the transaction: an author of many
 * messages in a room costs one UPDATE, however many they are. Writer thread only.
 *
 * What is here is of the open transaction, so it is forgotten when one fails. What stays is which memberships turned out to be damaged: a message
 * is stored although its author's mark is lost.
 */
#ifndef PARLEY_STORE_WORK_READ_MARKS_H
#define PARLEY_STORE_WORK_READ_MARKS_H

#include "base/id_map.h"
#include "store/db.h"

enum { READ_MARKS_SLOTS = 1024 }; /* a power of two, and at least twice the operations of a transaction */

struct read_mark {
	uint64_t user_no, room_no; /* room_no 0: the slot is empty */
	uint64_t seq, n_messages;  /* the room had so many at this seq */
};

struct read_marks {
	struct read_mark slots[READ_MARKS_SLOTS]; /* open addressing */
	uint32_t used[READ_MARKS_SLOTS];          /* slots, the first n_used */
	size_t n_used;
	struct id_map damaged; /* by user and room; the values say nothing */
};

/* The mark goes forward to there, if it is not further. False: the membership is damaged, and no mark of it is kept. */
bool read_marks_move(struct read_marks *marks, const struct read_mark *to);
/* NULL: it did not move in this transaction. */
const struct read_mark *read_marks_find(const struct read_marks *marks, uint64_t user_no, uint64_t room_no);
/* Writes what moved; before the commit. Who is no member (any more) has no mark. Returns a db_result; a membership that it called damaged is left
 * out from then on. */
int read_marks_write(struct read_marks *marks, struct db *db);
void read_marks_forget(struct read_marks *marks);
void read_marks_finish(struct read_marks *marks);

#endif
