/*
 * The one request of an HTTP session, or the start of an event stream, while it signs in.
 */
#ifndef PARLEY_COMMAND_HTTP_CALL_H
#define PARLEY_COMMAND_HTTP_CALL_H

#include "chat/chat_state.h"

struct http_call {
	struct session_call call; /* first: the part that the session knows */
	enum command command;
	struct buf body;
	bool is_of_consumer; /* event stream: body is the data of a consumer.read */
	uint64_t up_to;      /* what its worker has done */
	struct text *rooms;  /* event stream; each s is owned */
	size_t n_rooms;
	char *cursors; /* event stream; NULL: none */
};

/* The call that the session waits with; NULL: none. */
static inline struct http_call *http_call_of(const struct session *s)
{
	return (struct http_call *)(void *)s->call;
}
/* Ends the call: the session waits no more. */
static inline void http_call_end(struct session *s)
{
	s->call->drop(s->call);
	s->call = NULL;
}

#endif
