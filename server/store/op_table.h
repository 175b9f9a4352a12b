/*
 * The operations of a store, one row each. The kinds (STORE_…), what runs an operation, and what lets go of what it gave come from here.
 *
 * X(KIND, noun, how, owns, room)
 *   KIND, noun: STORE_KIND is a struct store_noun, which begins with a struct store_op. The noun names it in metrics as well.
 *   how: WRITE, by noun_look() and noun_write() (work/batch.h), in one transaction with others.
 *        READ, by read_noun() (work/store_reader.h). SLOW_READ: one that takes long and holds up no other read.
 *   owns: OWNS, what it gives is freed by store_op_finish(), and so is taken back when its transaction fails. NOTHING: it gives numbers.
 *   room: ROOM, it writes to the room of its room_no, which is known before it begins. NO_ROOM, it does not.
 */
#ifndef PARLEY_STORE_OP_TABLE_H
#define PARLEY_STORE_OP_TABLE_H

/* clang-format off */
#define STORE_OP_TABLE(X) \
	X(APPEND,       append,       WRITE,     OWNS,    ROOM) \
	X(JOIN,         join,         WRITE,     OWNS,    ROOM) \
	X(LEAVE,        leave,        WRITE,     OWNS,    ROOM) \
	X(GUESTS_END,   guests_end,   WRITE,     OWNS,    NO_ROOM) \
	X(ROOM_CREATE,  room_create,  WRITE,     OWNS,    NO_ROOM) \
	X(ROOM_UPDATE,  room_update,  WRITE,     OWNS,    ROOM) \
	X(READ_MARK,    read_mark,    WRITE,     NOTHING, ROOM) \
	X(USER_CREATE,  user_create,  WRITE,     NOTHING, NO_ROOM) \
	X(USER_SET,     user_set,     WRITE,     NOTHING, NO_ROOM) \
	X(TOKEN_CREATE, token_create, WRITE,     NOTHING, NO_ROOM) \
	X(TOKEN_DELETE, token_delete, WRITE,     NOTHING, NO_ROOM) \
	X(PING,         ping,         WRITE,     NOTHING, NO_ROOM) \
	X(SIGN_IN,      sign_in,      READ,      OWNS,    NO_ROOM) \
	X(USER_BY_NAME, user_by_name, READ,      OWNS,    NO_ROOM) \
	X(ROOM_FIND,    room_find,    READ,      OWNS,    NO_ROOM) \
	X(ROOM_PAGE,    room_page,    READ,      OWNS,    NO_ROOM) \
	X(MEMBER_PAGE,  member_page,  READ,      OWNS,    NO_ROOM) \
	X(LOG_PAGE,     log_page,     READ,      OWNS,    NO_ROOM) \
	X(ROOM_TOPS,    room_tops,    READ,      NOTHING, NO_ROOM) \
	X(BACKUP,       backup,       SLOW_READ, NOTHING, NO_ROOM) \
	X(VERIFY,       verify,       SLOW_READ, OWNS,    NO_ROOM)

/* The buffers among what an operation is given: X(KIND, noun, member). What else it is given is text of its caller's. */
#define STORE_OP_DATA_TABLE(X) \
	X(APPEND,      append,      data) \
	X(LEAVE,       leave,       data) \
	X(ROOM_CREATE, room_create, created_data) \
	X(ROOM_CREATE, room_create, joined_data) \
	X(ROOM_UPDATE, room_update, data)
/* clang-format on */

enum store_op_kind {
#define X(KIND, noun, how, owns, room) STORE_##KIND,
	STORE_OP_TABLE(X)
#undef X
};
enum {
#define X(KIND, noun, how, owns, room) +1
	STORE_OP_KINDS = 0 STORE_OP_TABLE(X)
#undef X
};

enum store_op_how { STORE_WRITE, STORE_READ, STORE_SLOW_READ };

#endif
