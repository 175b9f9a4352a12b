/*
 * The store that the chat asks in tests. It holds each operation until the test lets it go; then the store's own code does it, on a database in memory
 * (memory_store.h). An operation is first only submitted. The test then lets it be worked on (held_store_work: a write is committed, a read takes its snapshot) and
 * brought back (held_store_deliver: done() is called), at any time, because a store with threads may take any time too. Writes are worked on in the order of
 * submission.
 *
 * Everything happens on the test's thread, within the calls below. What is added without the chat stands for another writer of the database, or for what was there
 * before.
 */
#ifndef PARLEY_TESTS_HELD_STORE_H
#define PARLEY_TESTS_HELD_STORE_H

#include "memory_store.h"

struct held_store {
	struct store base;
	struct memory_store *real;
	struct list submitted; /* store_op.link */
	struct list worked;    /* store_op.link */
	int refuses;           /* not 0: what submit() refuses with */
	int fault;             /* not 0: the result of whatever is worked on, which is not done */
	size_t n_submitted[STORE_OP_KINDS];
	size_t n_in_flight[STORE_OP_KINDS], most_in_flight[STORE_OP_KINDS];
	struct uid **room_ids; /* [number of the room]; NULL: was not asked for yet */
	size_t n_room_ids;
};

struct held_store *held_store_new(struct metrics *metrics);
void held_store_free(struct held_store *h); /* nothing may be in flight */
/* Others write to the database too, and its operations follow the rules for that. */
void held_store_share(struct held_store *h);

/* The oldest operation of this kind that is in flight, or NULL. */
struct store_op *held_store_find(struct held_store *h, enum store_op_kind kind);
void held_store_work(struct held_store *h, struct store_op *op); /* was submitted; not yet worked on */
/* All writes that were submitted, in one batch: those that come back from it are worked on, in its order. */
void held_store_work_batch(struct held_store *h);
void held_store_fail(struct held_store *h, struct store_op *op, int result); /* instead of working on it */
void held_store_deliver(struct held_store *h, struct store_op *op);          /* works on it first where needed */
/* Works on and brings back everything that is in flight but operations of kind `except` (-1: none); true when there was any. */
bool held_store_settle(struct held_store *h, int except);
size_t held_store_in_flight(const struct held_store *h);

/* Sets the database back to the state of held_store_back_up(). What is in flight is brought back undone before. */
void held_store_back_up(struct held_store *h);
void held_store_set_back(struct held_store *h);
/* Makes these events of the room unreadable. */
void held_store_damage(struct held_store *h, uint64_t room_no, uint64_t from_seq, uint64_t to_seq);

/* What is stored: */
uint64_t held_store_last_seq(const struct held_store *h, uint64_t room_no);
const struct uid *held_store_room_id(struct held_store *h, uint64_t room_no);         /* good as long as the store */
struct event *held_store_event(struct held_store *h, uint64_t room_no, uint64_t seq); /* the caller's */

/* held_store_add.c: without the chat. */
uint64_t held_store_add_user(struct held_store *h, const char *name);
/* With the only token of the guest, "token-<name>", written to token. */
uint64_t held_store_add_guest(struct held_store *h, const char *name, char token[80]);
/* Of the server. */
void held_store_make_owner(struct held_store *h, const char *name);
uint64_t held_store_add_room(struct held_store *h, const char *name, enum room_kind kind, uint64_t owner_no);
void held_store_add_member(struct held_store *h, uint64_t room_no, uint64_t user_no);
void held_store_remove_member(struct held_store *h, uint64_t room_no, uint64_t user_no);
void held_store_add_messages(struct held_store *h, uint64_t room_no, uint64_t author_no, size_t n);
/* A token for this user: "token-<user no>-<label>", written to token. */
void held_store_add_token(struct held_store *h, uint64_t user_no, enum token_kind kind, const char *label, char token[80]);

#endif
