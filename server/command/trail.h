/*
 * The trail: what fail2ban and an auditor need to know of sign-ins, sign-outs and the operator's commands, in lines of the log (level info). Only this file words
 * them; deploy/OPERATING.md lists them. In a line, what the server says comes first and what a client says comes last. A line never has a secret.
 *
 * Bounded: an address gets TRAIL_LINES_PER_MINUTE lines for refused sign-ins, and an account as many for sign-ins with a token. Further ones are counted, and told
 * with the next line. The limits on passwords and new accounts bound the other lines. Over HTTP each request brings its token; only refused ones get a line there.
 */
#ifndef PARLEY_COMMAND_TRAIL_H
#define PARLEY_COMMAND_TRAIL_H

#include "codec/request_decode.h"
#include "codec/wire_error.h"

enum { TRAIL_LINES_PER_MINUTE = 60 };

struct answer;
struct call;
struct session;
struct user;

enum trail_kind {
	TRAIL_NONE,
	TRAIL_SIGN_IN,
	TRAIL_SIGN_OUT,
	TRAIL_ACCOUNT,
	TRAIL_OWNER,
	TRAIL_BOT,
	TRAIL_HOOK_CREATE,
	TRAIL_HOOK_ROTATE,
	TRAIL_HOOK_DELETE,
	TRAIL_OPERATOR
};

/* What the log will say of the answer to a request; a part of struct answer. Lives as long as the request. */
struct trail {
	enum trail_kind kind;
	enum command command;
	const char *how;          /* NULL: there is only one way */
	struct room_ref subject;  /* the account, room or file that it is about, as the client named it */
	const struct user *asker; /* NULL: nobody signed in */
	int64_t asker_uid;        /* uid of the operator's process; -1: not known */
};

struct trail trail_of(const struct call *call);
/* The answer goes out, or its session is gone. */
void trail_answered(const struct answer *a, enum wire_error code);
/* A session entered with a token, to get events; or a token was refused. */
void trail_token_taken(struct session *s);
void trail_token_refused(const struct session *s, enum wire_error error);
/* A post to an incoming webhook that does not exist, or with a wrong signature. */
void trail_hook_refused(const struct session *s, const char *reason);

#endif
