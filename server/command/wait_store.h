/*
 * How a command waits for the store. It makes an operation, fills it and submits it:
 *
 *   struct store_read_mark *op = wait_store(call, STORE_READ_MARK, marked);
 *   op->seq = call->request->data.read_mark.seq;
 *   wait_go(op);
 *
 * Then done() is called once, with the operation in w->op and its result in w->result. It answers, or goes on to what comes next (wait_next(), wait_also(),
 * wait_hash(), wait_room()). The wait ends when nothing is under way any more. It then frees the operation with its inputs and results, what was kept for it and the
 * request, and releases the user and the room. The same happens when the store takes no operation, which is answered here. When the client is gone, answers go
 * nowhere.
 *
 * Loop thread only, except for the first function of wait_hash(). Functions that take an `op` take the pointer that wait_store() or wait_next() gave.
 */
#ifndef PARLEY_COMMAND_WAIT_STORE_H
#define PARLEY_COMMAND_WAIT_STORE_H

#include "command/answer.h"

typedef void wait_done(struct wait *w);
typedef bool wait_hasher(struct wait *w);

/* A zeroed operation of this kind. Holds the caller. For a command about a room that the caller is a member of, it holds the room too, and an operation that
 * writes to a room gets the room's number. The wait takes over the call's request: call->request points there, and earlier pointers into it are void. */
void *wait_store(struct call *call, enum store_op_kind kind, wait_done *done);
/* The same where the command keeps more: a struct of n_bytes that begins with the operation. finish NULL: nothing else to undo when the wait ends. */
void *wait_store_with(struct call *call, enum store_op_kind kind, size_t n_bytes, wait_done *done, wait_done *finish);
static inline struct wait *wait_of(const void *op)
{
	return ((const struct store_op *)op)->arg;
}
/* Keeps what the operation points to: takes the buffer over and returns its text, which is "" and not NULL when it is empty. At most WAIT_KEPT_MAX of them. */
struct text wait_keep(void *op, struct buf *b);
/* Who asks, for an operation that looks whether they (still) may: the number of the user where others write to the store too; 0 where memory knows. */
uint64_t wait_asker_no(const struct wait *w);
/* Submits it. False when that was refused and answered: op is void then. */
bool wait_go(void *op);
/* The same after hash() on a hashing thread (wait_hash()). */
void wait_hash_and_go(void *op, wait_hasher *hash);
/* Ends the wait without submitting. The caller has answered what had to be said. */
void wait_drop(void *op);

/* ---- in done() ---- */

/* Answers a result other than 0 (wait_answer_failure()). Whether there was one. */
bool wait_failed(const struct wait *w, enum wire_error absent, const char *message);
/* The same where -ENOENT means that this member of `data` names something that does not exist. */
bool wait_failed_field(const struct wait *w, const char *field, const char *message);
/* Answers one of three: a result other than 0; that the caller is not a member of the room any more; or what encode() makes of the membership. */
void wait_answer_member(struct wait *w, void (*encode)(struct buf *b, const struct member *m));
/* Answers {"seq"}. */
void wait_answer_seq(const struct wait *w, uint64_t seq);
/* Replaces the operation that came back, which is void now, by another one. Fill it, then wait_go(). */
void *wait_next(struct wait *w, enum store_op_kind kind, wait_done *done);
/* The same where the command keeps more: see wait_store_with(). */
void *wait_next_with(struct wait *w, enum store_op_kind kind, size_t n_bytes, wait_done *done);
/* Submits one more operation, which the command keeps behind the first one and has filled. w->op stays. */
void wait_also(struct wait *w, enum store_op_kind kind, struct store_op *op, wait_done *done);
/* Runs hash() on a hashing thread, then done(). Answers when too much waits there, and when hash() returns false. */
void wait_hash(struct wait *w, wait_hasher *hash, wait_done *done);
/* Goes on without an operation, until wait_resume() calls done(). */
void wait_pause(struct wait *w);
void wait_resume(struct wait *w, wait_done *done);
/* Calls done(), unless NULL, when the room has come to this seq (room_await()). */
void wait_room(struct wait *w, uint64_t seq, wait_done *done);
/* The same before anything is done: answers `unavailable` when the store goes away before the room has come to this seq (room_await_or_away()). */
void wait_room_or_away(struct wait *w, uint64_t seq, wait_done *done);

#endif
