/*
 * What a reader thread has at hand, and the reads: one function per kind, in read_NOUN.c. Each sets op.result and its outputs, and
 * holds no transaction open when it returns.
 *
 * Within a read results are those of db.h (enum db_result), and READ_NO_SENSE. What does not hang on an answer is asked before the first row is read: a database
 * that is asked over a network answers all of it at once.
 */
#ifndef PARLEY_STORE_WORK_STORE_READER_H
#define PARLEY_STORE_WORK_STORE_READER_H

#include "store/db.h"
#include "store/store.h"
#include "store/store_driver.h"
#include "store/work/commit_queue.h"
#include "store/work/damage.h"

struct store_reader {
	struct db *db; /* its own */
	struct store_driver *driver;
	struct commit_queue *writes; /* for what a read wants noted */
	struct damage *damage;
	bool is_away; /* its connection is not current, and to make it so was tried in vain */
};

/* Beside enum db_result: a row was read that cannot be what was written; who asks is no member of the room. */
enum { READ_NO_SENSE = -100, READ_NO_MEMBER = -101 };

/* read_NOUN(): one for each operation that is a read. */
#define PROTOTYPE_WRITE(noun)
#define PROTOTYPE_READ(noun) int read_##noun(struct store_reader *r, struct store_##noun *op);
#define PROTOTYPE_SLOW_READ(noun) PROTOTYPE_READ(noun)
#define X(KIND, noun, how, owns, room) PROTOTYPE_##how(noun)
STORE_OP_TABLE(X)
#undef X
#undef PROTOTYPE_WRITE
#undef PROTOTYPE_READ
#undef PROTOTYPE_SLOW_READ

/* For a read that failed with this result: -EACCES for READ_NO_MEMBER; -EBADMSG and noted when what is stored is damaged; -ENOTCONN when the database is away; else -EIO, logged. */
int store_reader_failed(struct store_reader *r, int result, const char *during);
/* Asks whether the user is a member of the room; NULL: nobody asks (user_no 0). */
struct db_answer *store_reader_ask_member(struct store_reader *r, uint64_t user_no, uint64_t room_no);
/* DB_OK, READ_NO_MEMBER, or a failure. Accepts NULL, which is DB_OK. */
int store_reader_check_member(struct db_answer *asked);
/* Notes it. Returns -EBADMSG. */
int store_reader_met_damage(struct store_reader *r, const struct damage_place *place);
/* A further line of what a verification found. */
void read_verify_report(struct store_verify *op, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline bool store_reader_is_damage(int result)
{
	return result == DB_DAMAGED || result == READ_NO_SENSE;
}

/* Whether its connection can be asked. One that was found lost is made again once; after that only when `again`. */
bool store_reader_is_usable(struct store_reader *r, bool again);
/* Does one operation of any kind of reading and returns its result: 0 or a negative errno. */
int store_reader_apply(struct store_reader *r, struct store_op *op);

#endif
