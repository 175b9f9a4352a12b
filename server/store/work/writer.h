/*
 * What the writer thread has at hand while it works on an operation, and the operations themselves: one function per kind, in
 * write_NOUN.c. Each decides by looking whether it can be done, and only then changes anything: a refusal (op.result) leaves no
 * trace in the transaction it shares with others. A function returns SQLite's code: anything but SQLITE_OK fails the whole transaction.
 */
#ifndef PARLEY_STORE_WORK_WRITER_H
#define PARLEY_STORE_WORK_WRITER_H

#include "store/store.h"
#include "store/work/damage.h"
#include "store/work/event_row.h"
#include "store/work/id_pool.h"
#include "store/work/read_marks.h"
#include "store/work/room_cache.h"

struct writer {
	struct sqlite_connection connection;
	struct room_cache rooms;
	struct read_marks marks;
	struct buf json;                 /* of the event being made */
	struct id_pool ids;              /* of events */
	uint64_t n_events, n_duplicates; /* of this transaction */
	struct damage *damage;
	/* The operation that fails the transaction is the only one that cannot be done, because of this; or it is a mark, which is left out when all go again. (After SQLite has met damage it takes no more
	 * writes in the same transaction.) */
	bool met_damage;
	struct damage_place failed;
};

/* writer_look.c: the room to write to. *out NULL with op->result set: there is none, or its log is damaged. The pointer is good until the next call. */
int writer_room(struct writer *w, struct store_op *op, uint64_t room_no, struct room_counters **out);
/* writer_look.c: the event at a seq that the room has, but for its JSON; op->result is set when it is damaged. */
int writer_event_at(struct writer *w, struct store_op *op, const struct room_counters *room, uint64_t seq, struct event_row *out);
/* writer_look.c: gives back rc, what SQLite said to rows that only this operation is about (a membership, a token, a client_id, the account that becomes a
 * member): damage there is its own. Of other users, of rooms and of what the store says of itself it is everybody's. */
int writer_own(struct writer *w, int rc, const char *what);
/* writer_look.c: what the operation looked at is damaged; rc is what SQLite said to it. The operation, or the whole transaction for a while, comes to nothing. */
int writer_met_damage(struct writer *w, struct store_op *op, int rc, const struct damage_place *place);

/* Gives the event its seq, encodes it once and stores those bytes: the one place where that happens. room is updated. */
struct writer_event {
	enum event_type type;
	uint64_t author_no, target_seq; /* 0: none */
	const struct buf *data;
	int64_t at_ms;
};
int writer_add_event(struct writer *w, struct room_counters *room, const struct writer_event *what, struct event **out);
/* Adds a member who has read what there is; the caller counts it. */
int writer_add_member(struct writer *w, const struct room_counters *room, uint64_t user_no, enum member_role role);
/* Ends the membership that op names, which is there, and passes the room on; fills op's events. */
int writer_end_membership(struct writer *w, struct room_counters *room, enum member_role role, struct store_leave *op);
/* Whether the user can become a member of anything: nobody can be a guest whose token is gone any more. No user has the number 0. */
int writer_can_be(struct writer *w, uint64_t user_no, bool *can);
/* Whether the user is in `most` rooms or more (0: never). */
int writer_has_most_rooms(struct writer *w, uint64_t user_no, uint64_t most, bool *has);
/* The room as it is within this transaction. */
int writer_describe_room(struct writer *w, const struct room_counters *room, struct store_room *out);

int write_append(struct writer *w, struct store_append *op);
int write_join(struct writer *w, struct store_join *op);
int write_leave(struct writer *w, struct store_leave *op);
int write_guests_end(struct writer *w, struct store_guests_end *op);
int write_read_mark(struct writer *w, struct store_read_mark *op);
int write_room_create(struct writer *w, struct store_room_create *op);
int write_room_update(struct writer *w, struct store_room_update *op);
int write_user_create(struct writer *w, struct store_user_create *op);
int write_user_set(struct writer *w, struct store_user_set *op);
int write_token_create(struct writer *w, struct store_token_create *op);
int write_token_delete(struct writer *w, struct store_token_delete *op);

/* Does one operation of any kind of writing. */
int writer_apply(struct writer *w, struct store_op *op);
/* What the operations of a transaction left in memory goes into it, before the commit: the rooms' counters and the authors' marks. */
int writer_write_back(struct writer *w);
/* The transaction failed: nothing of that is true. */
void writer_forget(struct writer *w);
void writer_finish(struct writer *w);
/* The transaction failed: takes back what the operation was given, as if it had never been tried. */
void writer_undo(struct store_op *op);

#endif
