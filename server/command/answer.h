/*
 * Answering a request, at once or after a wait. An answer knows the session by its id: when the client is gone meanwhile, nothing happens.
 */
#ifndef PARLEY_COMMAND_ANSWER_H
#define PARLEY_COMMAND_ANSWER_H

#include "chat/chat_state.h"
#include "command/trail.h"
#include "room/room.h"

struct answer {
	struct chat *chat;
	uint64_t session_id;
	struct reply_ref ref;
	struct trail trail; /* what the log says of it */
};

/* One request inside the call that handles it. */
struct call {
	struct chat *chat;
	struct session *session;
	struct user *user;     /* NULL where the command may be called before signing in */
	struct member *member; /* for commands about a room that the caller must be a member of */
	struct request *request;
	struct buf instead; /* owned: the data of the command that the answer is left to (call_leave_to()); empty: none */
	enum command instead_command;
};

struct answer answer_of(const struct call *call);
/* The session that asked, or NULL. */
struct session *answer_session(const struct answer *a);
void answer_ok(const struct answer *a, const struct buf *data);
void answer_error(const struct answer *a, enum wire_error code, const char *message, uint32_t retry_after_ms);
/* Answers what is wrong with the request itself. */
void answer_fault(const struct answer *a, const struct request_fault *fault);
/* Answers `unavailable`, not worth trying again: the stored data is damaged. message NULL: the usual one. */
void answer_damaged(const struct answer *a, const char *message);
/* Signing in (chat/sign_in.h) ended with this error: answers it, and when to try again. */
void answer_sign_in_refused(const struct session *s, const struct answer *a, enum wire_error error);
/* Answers `unavailable` and when to try again: the database is away. */
void answer_away(const struct answer *a);
/* Answers `unavailable`: the caller or the room belongs to an epoch that is over. */
void answer_void(const struct answer *a);
/* The same inside the call. */
void call_ok(const struct call *call, const struct buf *data);
void call_error(const struct call *call, enum wire_error code, const char *message);
void call_fault(const struct call *call, const struct request_fault *fault);
/* Answers `invalid_request` about a member of `data`. `field` is a constant. */
void call_refuse(const struct call *call, const char *field, const char *message);
/* Leaves the answer to another command, which dispatch handles when the handler returns. `data` is the JSON object that a client would send with it, and is taken
 * over. It is checked and allowed as that client's request; the answer has this call's reference, and tells the command. */
void call_leave_to(struct call *call, enum command command, struct buf *data);
/* Answers rate_limited when wait_ms is not 0. Whether it did. */
bool call_must_wait(const struct call *call, uint32_t wait_ms, const char *message);
/* The same of what reads or writes in all rooms of the caller, which counts by their number (rate_all_rooms()). */
bool call_all_rooms_must_wait(const struct call *call);

enum { WAIT_KEPT_MAX = 4 };

/* A request that waits for the store or a worker. It keeps what the operation points to, and holds the user and the room in memory. */
struct wait {
	struct answer answer;
	struct user *user;      /* held; NULL: none */
	struct room *room;      /* held; NULL: none */
	struct request request; /* taken over from the call */
	/* The rest belongs to wait_store.h. */
	void *op;   /* owned: a struct store_…, followed by what else the command keeps */
	int result; /* the result of the operation that came back last */
	unsigned n_under_way;
	bool holds_reading; /* the session is not read from meanwhile */
	bool is_stream;     /* it goes on until the session ends: no request that a connection awaits the answer of */
	void (*done)(struct wait *w);
	void (*finish)(struct wait *w); /* NULL: nothing else to undo */
	struct buf kept[WAIT_KEPT_MAX]; /* what the operation points to */
	bool (*hash)(struct wait *w);   /* on a hashing thread */
	bool is_hashed;
	union { /* what it waits for, besides an operation */
		struct worker_job hashing;
		struct room_wait come;
	};
};

/* room NULL: none to hold. The call's request is empty afterwards: use wait->request. */
void wait_begin(struct wait *w, const struct call *call, struct room *room);
void wait_end(struct wait *w);
/* The answer has begun, and goes on until the session ends. */
void wait_as_stream(struct wait *w);
/* The session is not read from until the wait ends: what it asks behind this comes behind it. */
void wait_hold_reading(struct wait *w);
/* Whether the request is about something of an epoch that is over; answers `unavailable` then. */
bool wait_is_void(const struct wait *w);
/* Submits. Answers `unavailable` and returns false when the store is too busy or away, or the request is about something of an epoch that is over. The caller
 * then frees its operation. */
bool wait_submit(struct wait *w, struct store_op *op) warn_unused;
/* Answers limit_reached: the account is in limits.user_rooms rooms. */
void answer_rooms_full(const struct answer *a);
/* Answers a result of the store other than 0: absent for -ENOENT, `taken` for -EEXIST. */
void wait_answer_failure(const struct wait *w, int result, enum wire_error absent, const char *message);
/* The same where -ENOENT means that a member of `data` names something that does not exist. */
void wait_answer_absent(const struct wait *w, int result, const char *field, const char *message);

#endif
