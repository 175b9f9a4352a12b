/*
 * The one request of an HTTP session, or the start of an event stream, while it signs in.
 */
#ifndef PARLEY_COMMAND_HTTP_CALL_H
#define PARLEY_COMMAND_HTTP_CALL_H

#include "chat/chat_state.h"

struct http_call {
	enum command command;
	struct buf body;
	struct text *rooms; /* event stream; each s is owned */
	size_t n_rooms;
	char *cursors; /* event stream; NULL: none */
};

void http_call_free(struct http_call *h); /* accepts NULL */

#endif
