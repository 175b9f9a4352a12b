/*
 * The trail: what a fail2ban and an auditor need to know of sign-ins, sign-outs and the operator's commands, in lines of the log (level info). This is the one
 * place that words them; deploy/OPERATING.md lists them. What the server itself says comes first in a line, what a client says last. Never a secret.
 *
 * Bounded: of refused sign-ins an address gets TRAIL_LINES_PER_MINUTE lines, of sign-ins with a token an account as many. What is over is counted, and told
 * with the next line. The others are as rare as the limits on passwords and new accounts make them. Over HTTP each request brings its
 * token; there only refused ones are told.
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

enum trail_kind { TRAIL_NONE, TRAIL_SIGN_IN, TRAIL_SIGN_OUT, TRAIL_ACCOUNT, TRAIL_OWNER, TRAIL_BOT, TRAIL_OPERATOR };

/* What the answer to a request will say in the log; a part of struct answer. Lives as long as the request. */
struct trail {
	enum trail_kind kind;
	enum command command;
	const char *how;          /* NULL: there is only one way */
	struct room_ref subject;  /* the account, room or file that it is about, as the client named it */
	const struct user *asker; /* NULL: nobody signed in */
	int64_t asker_uid;        /* of the operator's process; -1: not known */
};

struct trail trail_of(const struct call *call);
/* The answer goes out, or would, were the session still there. */
void trail_answered(const struct answer *a, enum wire_error code);
/* A session entered with a token, to get events; or a token was refused. */
void trail_token_taken(struct session *s);
void trail_token_refused(const struct session *s, enum wire_error error);

#endif
