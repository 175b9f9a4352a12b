/*
 * The way from a decoded request to its handler: rate, rights, and for commands about a room the caller's membership, all by one table.
 */
#ifndef PARLEY_COMMAND_DISPATCH_H
#define PARLEY_COMMAND_DISPATCH_H

#include "command/answer.h"
#include "command/requests.h"

/* The body of an HTTP request. */
void dispatch_data(struct session *s, enum command command, const uint8_t *bytes, size_t n);

/* One handler per command, in handle_<command>.c. */
#define X(symbol, type, ident) void handle_##ident(struct call *call);
COMMAND_TABLE(X)
#undef X

#endif
