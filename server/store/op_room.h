/*
 * The operations about rooms. store_op.h tells what holds for all operations.
 */
#ifndef PARLEY_STORE_OP_ROOM_H
#define PARLEY_STORE_OP_ROOM_H

#include "store/store_op.h"

/* STORE_ROOM_CREATE: a room with its events 1 (room.created, data given) and 2 (member.joined of its owner, data given). -EEXIST: a public room, or a
 * private one that the owner is in, has the name or one that looks like it. Private rooms of others are no hindrance, and do not show. -ENOENT: the owner is a guest whose only token is gone. */
struct store_room_create {
	struct store_op op;
	struct uid id;
	enum room_kind kind;
	struct text name, name_key, topic;
	uint64_t owner_no;
	bool unowned;        /* owner_no makes the room and is a member of it, no more */
	uint64_t most_rooms; /* -EDQUOT when owner_no is in as many (0: any number) */
	struct buf created_data, joined_data;
	struct store_membership membership; /* out */
	struct event *events[2];            /* out */
};
STORE_OP(room_create, WRITE, OWNS, NO_ROOM, created_data, joined_data);
static inline void store_room_create_finish(struct store_room_create *op)
{
	store_room_finish(&op->membership.room);
	event_drop(&op->events[0]);
	event_drop(&op->events[1]);
}

/* STORE_ROOM_UPDATE: name and/or topic (NULL: unchanged) and a room.updated event (data given). -EEXIST (as above, for user_no), -ENOENT. */
struct store_room_update {
	struct store_op op;
	uint64_t room_no, user_no;
	struct text name, name_key, topic;
	struct buf data;
	struct event *event; /* out */
};
STORE_OP(room_update, WRITE, OWNS, ROOM, data);
static inline void store_room_update_finish(struct store_room_update *op)
{
	event_drop(&op->event);
}

/* STORE_ROOM_FIND: by no, id or name key (the first that is given). By name the private room of this name that user_no is in is found first (the oldest of several), then a
 * public one; with private_too, or where user_no owns the server, also a private one of others, when no other has its name. -ENOENT. */
struct store_room_find {
	struct store_op op;
	uint64_t room_no;
	uint64_t user_no; /* who asks; 0: nobody */
	bool by_id, private_too;
	struct uid id;
	struct text name_key;
	/* out */
	struct store_room room;
	bool is_member; /* user_no is; then its membership: */
	enum member_role role;
	uint64_t read_seq, read_messages;
	enum user_role user_role; /* of user_no, on the server */
};
STORE_OP(room_find, READ, OWNS, NO_ROOM);
static inline void store_room_find_finish(struct store_room_find *op)
{
	store_room_finish(&op->room);
}

/* STORE_ROOM_PAGE: rooms that the user may see (public ones and their own; with `all` every room), by name key, after `after_key`. Rooms with one key are in one page, which may
 * be longer by the user's own; of all rooms there may be any number with one key, so a page of those goes on after the room `after_room` (-ENOENT: there is none). Only who owns
 * the server sees all: -EACCES. */
struct store_room_page {
	struct store_op op;
	uint64_t user_no;
	struct text after_key;
	bool all, by_room; /* by_room only with all: after_room counts and not after_key */
	struct uid after_room;
	uint64_t limit;
	/* out */
	struct store_room *rooms;
	bool *is_member;
	size_t n_rooms;
	bool more;
};
STORE_OP(room_page, READ, OWNS, NO_ROOM);
static inline void store_room_page_finish(struct store_room_page *op)
{
	for (size_t i = 0; i < op->n_rooms; i++)
		store_room_finish(&op->rooms[i]);
	free(op->rooms);
	free(op->is_member);
	op->rooms = NULL;
	op->is_member = NULL;
	op->n_rooms = 0;
}

/* STORE_ROOM_TOPS: how far rooms are, of which other writers know more perhaps. One question for all of them. */
struct store_room_tops {
	struct store_op op;
	struct store_room_top {
		uint64_t room_no;
		uint64_t last_seq; /* that is known here */
		uint64_t top;      /* out: the newest, where it is above last_seq; else 0 */
	} * rooms;                 /* the caller's; each room at most once */
	size_t n_rooms;
};
STORE_OP(room_tops, READ, NOTHING, NO_ROOM);

#endif
