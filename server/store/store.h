/*
 * What chat asks of a store; server/store/ has the answers (SQLite now, PostgreSQL next).
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
#ifndef PARLEY_STORE_STORE_H
#define PARLEY_STORE_STORE_H

#include "base/loop.h"
#include "base/secret.h"
#include "base/worker.h"
#include "codec/buf.h"
#include "codec/request_decode.h"
#include "codec/uid.h"
#include "store/event.h"
#include "store/op_table.h"

enum user_kind { USER_PERSON = 0, USER_BOT = 1, USER_GUEST = 2 };   /* stored */
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
};

enum store_op_how store_op_how(enum store_op_kind kind);
/* "append", … */
const char *store_op_name(enum store_op_kind kind);
/* Frees all that the operation gave and that is still there: who hands an event on sets its pointer to NULL before. Accepts one that was finished, and one that never ran
 * when its struct was zeroed. */
void store_op_finish(struct store_op *op);
/* Frees the buffers that the caller filled (STORE_OP_DATA_TABLE), where nothing else owns them. */
void store_op_finish_data(struct store_op *op);
/* The size of the struct of this kind. */
size_t store_op_bytes(enum store_op_kind kind);

enum { STORE_EPOCH_BYTES = 12, STORE_WHY_BYTES = 200 };

/* Whom the store tells what happens to it, on the loop thread (store_state.h); a member may be NULL. */
struct store_watcher {
	void (*away)(void *arg);     /* store->is_away has changed */
	void (*restored)(void *arg); /* store->epoch has changed */
	void *arg;
};

/* All but the methods is of the loop thread, and changed by store_state.h once the chat has begun. */
struct store {
	const struct store_methods *methods;
	/* Names this history of the logs, until the store goes back to an earlier state (a restored backup): then it is another one, and what
	 * clients know of seqs is void. Letters and digits with a NUL. */
	char epoch[STORE_EPOCH_BYTES + 1];
	bool has_owner;                 /* the server had one when this epoch began */
	bool is_shared;                 /* other processes write to it as well: STORE_ROOM_TOPS finds what they committed */
	bool is_away;                   /* the database cannot be reached */
	char away_why[STORE_WHY_BYTES]; /* while it is away: the host and the reason, for the operator; no password */
	uint32_t away_retry_ms;         /* while it is away: asking again sooner is of no use */
	uint64_t away_since_ms;         /* monotonic */
	struct store_watcher watcher;
};
struct store_methods {
	/* 0; -EBUSY when too much waits already; -ENOTCONN when the database is away (op->done is not called then). */
	int (*submit)(struct store *s, struct store_op *op) __attribute__((warn_unused_result));
	/* Finishes what was submitted (done() calls are posted to the loop; run it once more), closes. */
	void (*destroy)(struct store *s);
};

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

/* ---- writes; those that make an event return it in *event, owned by the operation's caller ---- */

/* STORE_APPEND: one remembered event. -ENOENT: no such room, or reply_to names no message of it. With a message its author's read mark moves to it
 * (a repeated one moves nothing), where the author is a member: to event->seq, with event->n_messages.
 * With a client_id that this author used before: result 0, duplicate true, event NULL, and the first one's room_of_first/seq/id/timestamp. */
struct store_append {
	struct store_op op;
	uint64_t room_no, author_no;
	enum event_type type;
	struct buf data; /* the event's `data`, an encoded JSON object */
	bool has_client_id;
	struct uid client_id;
	uint64_t reply_to; /* 0: none */
	/* out */
	bool duplicate;
	struct uid room_of_first, id;
	uint64_t seq;
	int64_t timestamp_ms;
	struct event *event;
};

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
	struct store_user user;             /* out; finish with store_join_finish() */
	struct store_membership membership; /* out */
	struct event *event;                /* out */
};
void store_join_finish(struct store_join *j); /* but for the event */

/* STORE_LEAVE: ends a membership with a member.left event (data given). Where the room's only owner leaves, the room passes on, with a member.updated event: to
 * whoever is in it longest, of persons if there is one, else of bots, else of guests. -ENOENT: was not a member. */
struct store_leave {
	struct store_op op;
	uint64_t room_no, user_no;
	struct buf data;
	struct event *event;        /* out */
	struct event *passed_event; /* out; NULL: the room did not pass on */
};

/* STORE_GUESTS_END: ends memberships of guests whose only token is gone (signed out, or deleted for its age), `most` of them at most, each as STORE_LEAVE does. */
struct store_guests_end {
	struct store_op op;
	size_t most;
	struct store_ended {
		struct store_leave leave; /* its events */
	} * ended;                        /* out, n_ended; finish with store_guests_end_finish() */
	size_t n_ended;
	bool more; /* out */
};
void store_guests_end_finish(struct store_guests_end *g); /* frees the events that are not NULL */

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

/* STORE_ROOM_UPDATE: name and/or topic (NULL: unchanged) and a room.updated event (data given). -EEXIST (as above, for user_no), -ENOENT. */
struct store_room_update {
	struct store_op op;
	uint64_t room_no, user_no;
	struct text name, name_key, topic;
	struct buf data;
	struct event *event; /* out */
};

/* STORE_READ_MARK: moves a member's read_seq forward (never back; never past last_seq). -ENOENT: not a member. */
struct store_read_mark {
	struct store_op op;
	uint64_t room_no, user_no, seq;
	uint64_t read_seq, read_messages; /* out: as they are now */
};

/* STORE_USER_CREATE: a user, and a token for it when token_hash is given. -EEXIST: name_key is taken by a person or bot, or
 * easily taken for one that is (guests are checked against those too, but do not take the name). */
struct store_user_create {
	struct store_op op;
	struct uid id;
	enum user_kind kind;
	enum user_role role;
	bool first_owner; /* -EPERM where the server has an owner */
	struct text name, name_key;
	const char *password_hash; /* NULL: cannot sign in by password */
	bool has_token;
	enum token_kind token_kind;
	uint8_t token_hash[SECRET_HASH_BYTES];
	uint64_t created_by_no; /* 0: nobody */
	uint64_t user_no;       /* out */
};

/* STORE_USER_SET: password hash and/or role of an existing person or bot, by name. Deletes the user's session tokens when the password changes.
 * -ENOENT: nobody, or a bot when there is a password. */
struct store_user_set {
	struct store_op op;
	struct text name_key;
	const char *password_hash; /* NULL: unchanged */
	bool make_owner;
	uint64_t user_no;   /* out */
	struct uid user_id; /* out */
};

/* STORE_TOKEN_CREATE: one more token for a user, or the only one. -ENOENT: the user's password is not (any more) the one that the
 * token is given for. */
struct store_token_create {
	struct store_op op;
	uint64_t user_no;
	enum token_kind kind;
	bool alone;                        /* all others of the user, of either kind, are void */
	const char *password_hash;         /* the one that was verified; NULL: the token is not given for a password */
	const char *renewed_password_hash; /* takes its place: of the same password in another form; NULL: it stays */
	uint8_t hash[SECRET_HASH_BYTES];
};

/* STORE_TOKEN_DELETE: this token, of whatever kind; everywhere: and every session token of its user. -ENOENT: no such token. */
struct store_token_delete {
	struct store_op op;
	uint8_t hash[SECRET_HASH_BYTES];
	bool everywhere;
};

/* STORE_PING: a write transaction that changes nothing of note: proves that what is written is kept. */
struct store_ping {
	struct store_op op;
};

/* ---- reads ---- */

/* STORE_SIGN_IN: a user with all memberships, by token hash or by user no. -ENOENT. Session tokens unused for STORE_TOKEN_DAYS count as absent. */
struct store_sign_in {
	struct store_op op;
	bool by_token;
	uint8_t token_hash[SECRET_HASH_BYTES];
	uint64_t user_no;
	/* out; free with store_sign_in_finish */
	struct store_user user;
	enum token_kind token_kind;
	struct store_membership *memberships;
	size_t n_memberships;
};
void store_sign_in_finish(struct store_sign_in *s);

/* STORE_USER_BY_NAME: for signing in by password. -ENOENT. password_hash NULL: has none. */
struct store_user_by_name {
	struct store_op op;
	struct text name_key;
	struct store_user user; /* out */
	char *password_hash;    /* out, owned by the caller */
};

/* STORE_ROOM_FIND: by no, id or name key (the first that is given). By name only public rooms are found; with private_too also a private one, when
 * no other has its name. -ENOENT. */
struct store_room_find {
	struct store_op op;
	uint64_t room_no;
	bool by_id, private_too;
	struct uid id;
	struct text name_key;
	struct store_room room; /* out */
};

/* STORE_ROOM_PAGE: rooms that the user may see (public ones and their own; with `all` every room), by name key, after `after_key`. Rooms with one key are in one page, which may
 * be longer by the user's own; of all rooms there may be any number with one key, so a page of those goes on after the room `after_room` (-ENOENT: there is none). */
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
void store_room_page_finish(struct store_room_page *p);

/* STORE_MEMBER_PAGE: members of a room in the order of their accounts, after the user `after` (zero or unknown: from the start). */
struct store_member_page {
	struct store_op op;
	uint64_t room_no;
	struct uid after;
	uint64_t limit;
	/* out */
	struct store_user *users;
	enum member_role *roles;
	size_t n_users;
	bool more;
};
void store_member_page_finish(struct store_member_page *p);

/* STORE_LOG_PAGE: remembered events of a room in ascending order: after_seq < seq < before_seq. Of more than `limit` events or
 * `limit_bytes` of JSON (0: none; at least one event is given) the lowest are returned, or with `newest` the highest.
 * The seqs of a page are contiguous: it ends before one that cannot be read. -EBADMSG: it would begin with one. */
struct store_log_page {
	struct store_op op;
	uint64_t room_no;
	uint64_t after_seq, before_seq; /* before_seq 0: no upper end */
	uint64_t limit, limit_bytes;
	bool newest;
	/* out */
	struct event **events; /* owned by the caller, the array too */
	size_t n_events;
	bool more;                         /* there are more in the direction of reading */
	uint64_t damaged_from, damaged_to; /* of -EBADMSG: the seqs that cannot be read; 0: not known, the room itself cannot be */
};
void store_log_page_finish(struct store_log_page *p); /* frees the events that are not NULL */

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

/* STORE_BACKUP: a whole copy of the store at `path` (absolute, must not exist: -EEXIST). Online. -ENOSPC: no room for it; else a negative errno.
 * A copy that failed is removed. */
struct store_backup {
	struct store_op op;
	struct text path;
	char fault[500]; /* out, when result is not 0: names the path, when it is not too long */
};

/* STORE_VERIFY: seqs contiguous from 1, n_messages right, references whole, the file sound. */
struct store_verify {
	struct store_op op;
	uint64_t n_rooms, n_events, n_faults; /* out */
	struct buf faults;                    /* out: one line each, the first 100 */
};

#endif
