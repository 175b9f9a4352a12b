/*
 * What holds for every operation of a store. The operations are in op_*.h: of each its struct, its row and what frees what it gives.
 *
 * Every operation is a struct that begins with struct store_op, is filled by the caller, submitted from the loop thread, worked on
 * by another thread, and comes back through op->done(op) on the loop thread with op->result set. The caller owns it and everything it
 * points to, and keeps it alive until done(). Ids cross this border, never pointers to connections.
 *
 * Writes are committed together with what else waits (group commit), in the order of submission; done() is called only after the
 * commit is on disk. Reads see at least everything whose done() was called before the read was submitted.
 *
 * result: 0, or a negative errno:
 *   -ENOENT  no such thing (the comment at each operation says what)     -EEXIST  the name is taken, or looks like one that is
 *   -EDQUOT  a limit that the operation names is reached
 *   -EPERM   the server has an owner already
 *   -EACCES  who asks may not (the comment at each operation says why)
 *   -EAGAIN  the store has no room to write now (disk full); nothing was stored   -EIO    it failed; logged by the store
 *   -ENOTCONN  the database is away, or was too busy with other writers; nothing was stored. A write whose outcome is not known when the connection breaks is not
 *            answered before it is known, unless the store is closed before. The store says that it is away (store_state.h) before it brings back the first of these
 *   -ESTALE  the store's files are not where they were, so that nothing it writes would be found again; until a restart
 *   -EBADMSG what is stored is damaged, and stays so: a read that met it, a write to a room whose log has such a place, or one that needs a row that
 *            only it is about (a membership, a token, a client_id); nothing was stored.
 *            Logged by the store. For STORE_PING: such a place is known
 * A store that lost its footing (fsync failed, what every write needs is damaged) logs and ends the process instead of answering.
 *
 * Numbers: `no` are the store's own small integers for rooms and users (dense, stable, never shown to clients).
 */
#ifndef PARLEY_STORE_STORE_OP_H
#define PARLEY_STORE_STORE_OP_H

#include "base/list.h"
#include "base/loop.h"
#include "base/secret.h"
#include "base/worker.h"
#include "codec/buf.h"
#include "codec/request_decode.h"
#include "codec/uid.h"
#include "store/event.h"
#include "store/op_table.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

/* Stored. A hook posts and does nothing else: it has no token, signs in nowhere and is a member of no room. Names of kinds below USER_GUEST are unique. */
enum user_kind { USER_PERSON = 0, USER_BOT = 1, USER_GUEST = 2, USER_HOOK = 3 };
/* For a WHERE of SQL, in the words of the indexes on names: accounts whose names are unique. */
#define ACCOUNT_IS_NAMED(kind) kind " <> 2 AND " kind " <> 3"
enum user_role { USER_ROLE_NONE = 0, USER_ROLE_OWNER = 1 };         /* stored; on the server */
enum member_role { MEMBER_ROLE_MEMBER = 0, MEMBER_ROLE_OWNER = 1 }; /* stored; in a room */
enum token_kind { TOKEN_SESSION = 0, TOKEN_BOT = 1 };               /* stored */

enum { STORE_TOKEN_DAYS = 90 }; /* a session token that was not used for longer is not good any more; the page's cookie goes with it */

struct db_answer;
enum { STORE_OP_ASKED_MAX = 6 };

struct store_op {
	enum store_op_kind kind;
	int result;
	void (*done)(struct store_op *op);
	void *arg;                                   /* the caller's */
	struct worker_job job;                       /* the store's, while in flight (reads) */
	struct list link;                            /* the store's, while in flight (writes) */
	struct store *store;                         /* the store's, while in flight */
	struct loop_call call;                       /* brings done() to the loop */
	struct db_answer *asked[STORE_OP_ASKED_MAX]; /* the store's, while in flight (writes): what it looks at */
	uint64_t log_seq;                            /* out: its last notice in the server's log (notices.h); 0: it has none there */
};

enum store_op_how store_op_how(enum store_op_kind kind);
/* "append", … */
const char *store_op_name(enum store_op_kind kind);
/* Frees all that the operation gave and that is still there: who hands an event on sets its pointer to NULL before. Accepts one that was finished, and one that never ran
 * when its struct was zeroed. */
void store_op_finish(struct store_op *op);
/* Frees the buffers that the caller filled, which its row names, where nothing else owns them. */
void store_op_finish_data(struct store_op *op);
/* How many bytes these buffers hold. */
size_t store_op_data_bytes(const struct store_op *op);
/* Names the room of an operation whose row says ROOM. */
void store_op_set_room(struct store_op *op, uint64_t room_no);
/* The size of the struct of this kind. */
size_t store_op_bytes(enum store_op_kind kind);

/* ---- what the store knows ---- */

struct store_user {
	uint64_t no;
	struct uid id;
	enum user_kind kind;
	enum user_role role;
	char *name; /* owned by the operation that holds it */
};

struct store_room {
	uint64_t no;
	struct uid id;
	enum room_kind kind;
	char *name, *topic; /* owned by the operation that holds it; topic may be "" */
	uint64_t last_seq, n_messages, n_members;
	int64_t created_ms;
};

struct store_membership {
	struct store_room room;
	enum member_role role;
	uint64_t read_seq, read_messages; /* n_messages at read_seq: unread = room.n_messages - read_messages */
};

void store_user_finish(struct store_user *u);
void store_room_finish(struct store_room *r);

/*
 * The row of an operation stands below its struct, in one line that the build reads (gather.py): STORE_OP(noun, how, owns, room, data...)
 *
 *   noun: STORE_NOUN is a struct store_noun, which begins with a struct store_op. The noun names it in metrics as well.
 *   how: WRITE, by noun_look() and noun_write() (work/batch.h), in one transaction with others.
 *        READ, by read_noun() (work/store_reader.h). SLOW_READ: one that takes long and holds up no other read.
 *   owns: OWNS, what it gives is freed by store_noun_finish(), which stands below the row and is called by store_op_finish(), and so is taken back when its
 *        transaction fails. NOTHING: it gives numbers.
 *   room: ROOM, it writes to the room of its room_no, which is known before it begins. NO_ROOM, it does not.
 *   data: the buffers among what it is given. What else it is given is text of its caller's.
 */
#define STORE_OP(noun, ...) static_assert(offsetof(struct store_##noun, op) == 0, "an operation begins with its struct store_op")

#endif
