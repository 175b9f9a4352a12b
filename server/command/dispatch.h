/*
 * From a decoded request to its handler: rate, rights, and for commands about a room the caller's membership, all by one table.
 */
#ifndef PARLEY_COMMAND_DISPATCH_H
#define PARLEY_COMMAND_DISPATCH_H

#include "command/answer.h"
#include "command/requests.h"

enum access {
	ACCESS_ANYONE,   /* before signing in too */
	ACCESS_USER,     /* signed in */
	ACCESS_MEMBER,   /* signed in, and a member of the room that `data.room` names: call->member is set */
	ACCESS_OPERATOR, /* came in over the operator's socket */
};

/* The body of an HTTP request. */
void dispatch_data(struct session *s, enum command command, const uint8_t *bytes, size_t n);
enum access dispatch_access(enum command command);
/* Whether its answer is a page, which may be large. */
bool dispatch_answers_page(enum command command);

/* One handler per command, in handle_<command>.c. */
#define X(symbol, type, ident) void handle_##ident(struct call *call);
COMMAND_TABLE(X)
#undef X

#endif
