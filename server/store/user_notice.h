/*
 * What concerns one account wherever its sessions are, or a room that nobody may follow, in a form that one instance can pass to another. What it does is in
 * chat/user_tell.h.
 *
 * Packed: USER_NOTICE_BYTES of a fixed layout, all numbers little-endian. What the kind does not say is zero.
 *
 *    0  u8   USER_NOTICE_VERSION     4  u32  zero           32  u64  seq
 *    1  u8   kind                    8  u64  user_no        40  u64  n_messages
 *    2  u8   up_to                  16  id of the room      48  token_hash
 *    3  u8   role
 *
 * A value; any thread. No client can make one say anything: the numbers are the store's.
 */
#ifndef PARLEY_STORE_USER_NOTICE_H
#define PARLEY_STORE_USER_NOTICE_H

#include "store/store.h"

/* Sent between instances: never renumber. */
enum user_notice_kind {
	NOTICE_READ_MARKED = 1,  /* room, seq and n_messages: the member's mark in the room, as the store has it */
	NOTICE_ROOM_ADDED = 2,   /* room, seq: became a member with this event */
	NOTICE_ROOM_REMOVED = 3, /* room, seq: is no member since this event */
	NOTICE_TOKEN_ENDED = 4,  /* token_hash */
	NOTICE_TOKENS_ENDED = 5, /* up_to: all tokens of the kinds up to this one */
	NOTICE_ROLE_SET = 6,     /* role */
	NOTICE_ROOM_CHANGED = 7, /* room, seq, no user: this event changes what memory knows of the room or of roles in it */
};

static inline bool user_notice_is_of_room(enum user_notice_kind kind)
{
	return kind <= NOTICE_ROOM_REMOVED || kind == NOTICE_ROOM_CHANGED;
}

struct user_notice {
	enum user_notice_kind kind;
	uint64_t user_no;
	struct uid room;
	uint64_t seq, n_messages;
	enum token_kind up_to;
	enum user_role role;
	uint8_t token_hash[SECRET_HASH_BYTES];
};

enum { USER_NOTICE_BYTES = 80, USER_NOTICE_VERSION = 1 };

void user_notice_pack(const struct user_notice *n, uint8_t out[USER_NOTICE_BYTES]);
/* From n bytes that came from outside. False when they are not exactly one packed notice, or one with impossible numbers. */
bool user_notice_unpack(const uint8_t *bytes, size_t n, struct user_notice *out);

/* The `data` of an event of the server's log (notices.h): {"notice":"…"}, the packed bytes in hexadecimal digits. */
void user_notice_encode(const struct user_notice *n, struct buf *data);
/* An event of that log around it, with this seq, for the log's feed. */
struct event *user_notice_to_event(const struct user_notice *n, const struct uid *log, uint64_t seq);
/* From such an event. False: it says no notice that this version knows. */
bool user_notice_of_event(const struct event *e, struct user_notice *out);

#endif
