/*
 * The operations about members of rooms. store_op.h tells what holds for all operations.
 */
#ifndef PARLEY_STORE_OP_MEMBER_H
#define PARLEY_STORE_OP_MEMBER_H

#include "store/store_op.h"

/* STORE_JOIN: makes a member and a member.joined event. Who: user_no, or where that is 0 the one with user_id (by_id), or else the person or bot of this
 * name. Already a member: result 0, event NULL. -ENOENT: no room, or nobody, or a guest whose only token is gone. -EDQUOT: the user is in most_rooms rooms.
 * A joiner has read everything there was before the joining, and the joining itself. `user` and `membership` are filled either way. */
struct store_join {
	struct store_op op;
	uint64_t room_no, user_no;
	bool by_id;
	struct uid user_id;
	struct text name_key;
	enum member_role role;
	uint64_t most_rooms;                /* 0: any number */
	struct text by;                     /* who adds the user, an encoded person; s NULL: the user joins */
	struct store_user user;             /* out */
	struct store_membership membership; /* out */
	struct event *event;                /* out */
};
STORE_OP(join, WRITE, OWNS, ROOM);
static inline void store_join_finish(struct store_join *op)
{
	store_user_finish(&op->user);
	store_room_finish(&op->membership.room);
	event_drop(&op->event);
}

/* STORE_LEAVE: ends a membership with a member.left event (data given). Where the room's only owner leaves, the room passes on, with a member.updated event: to
 * whoever is in it longest, of persons if there is one, else of bots, else of guests. -ENOENT: was not a member. */
struct store_leave {
	struct store_op op;
	uint64_t room_no, user_no;
	struct buf data;
	struct event *event;        /* out */
	struct event *passed_event; /* out; NULL: the room did not pass on */
};
STORE_OP(leave, WRITE, OWNS, ROOM, data);
static inline void store_leave_finish(struct store_leave *op)
{
	event_drop(&op->event);
	event_drop(&op->passed_event);
}

/* STORE_GUESTS_END: ends memberships of guests whose only token is gone (signed out, or deleted for its age), `most` of them at most, each as STORE_LEAVE does. */
struct store_guests_end {
	struct store_op op;
	size_t most;
	struct store_ended {
		struct store_leave leave; /* its events */
	} * ended;                        /* out, n_ended */
	size_t n_ended;
	bool more; /* out */
};
STORE_OP(guests_end, WRITE, OWNS, NO_ROOM);
static inline void store_guests_end_finish(struct store_guests_end *op)
{
	for (size_t i = 0; i < op->n_ended; i++) {
		event_free(op->ended[i].leave.event);
		event_free(op->ended[i].leave.passed_event);
	}
	free(op->ended);
	op->ended = NULL;
	op->n_ended = 0;
}

/* STORE_READ_MARK: moves a member's read_seq forward (never back; never past last_seq). -ENOENT: not a member. */
struct store_read_mark {
	struct store_op op;
	uint64_t room_no, user_no, seq;
	struct uid room;                  /* out */
	uint64_t read_seq, read_messages; /* out: as they are now */
	uint64_t last_seq;                /* out: of the room */
};
STORE_OP(read_mark, WRITE, NOTHING, ROOM);

/* STORE_MEMBER_PAGE: members of a room in the order of their accounts, after the user `after` (zero or unknown: from the start). -EACCES: member_no is none of them. */
struct store_member_page {
	struct store_op op;
	uint64_t room_no;
	uint64_t member_no; /* 0: it is not looked whether somebody is a member */
	struct uid after;
	uint64_t limit;
	/* out */
	struct store_user *users;
	enum member_role *roles;
	size_t n_users;
	bool more;
};
STORE_OP(member_page, READ, OWNS, NO_ROOM);
static inline void store_member_page_finish(struct store_member_page *op)
{
	for (size_t i = 0; i < op->n_users; i++)
		store_user_finish(&op->users[i]);
	free(op->users);
	free(op->roles);
	op->users = NULL;
	op->roles = NULL;
	op->n_users = 0;
}

#endif
