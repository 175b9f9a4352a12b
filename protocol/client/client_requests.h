/*
 * Requests of a client that have no reply yet, in the order in which they were made. Owned by the client; one thread.
 *
 * What is refused for good is never sent again: it would have the same end, and what is behind it would never go out. A server may refuse by closing
 * the connection, and then says not which request it was. Where one was under way, it was that one. Of several, each is sent alone afterwards, so that
 * the one to blame is found and the others are done.
 *
 * What the server asks to make later is made again then, for as long as whoever made it has patience.
 */
#ifndef PARLEY_CLIENT_REQUESTS_H
#define PARLEY_CLIENT_REQUESTS_H

#include "client/client_limits.h"
#include "client/parley_client.h"

struct client_request {
	struct client_request *next;
	uint64_t ref;
	char *frame; /* the whole request as JSON; owned */
	size_t n;
	bool sent;                /* on the present connection */
	bool repeatable;          /* command_repeatable() */
	uint32_t patience_ms;     /* since the server first asked to make it later; 0: none */
	int64_t first_refused_ms; /* client_clock_ms(); 0: not yet */
	int64_t not_before_ms;
	parley_reply_fn *on_reply;
	void *arg;
};

struct client_requests {
	struct client_request *first, **end; /* a queue through `next` */
	uint64_t last_ref;
	size_t n;
	uint32_t patience_ms; /* of the requests to come */
	size_t n_suspects;    /* the first of the queue: one of them was refused by closing; each goes out alone */
};

void client_requests_init(struct client_requests *q);
/* Frees what is left without a word; see client_requests_lost(). */
void client_requests_finish(struct client_requests *q);

/* Adds a request at the end; steals data. */
struct client_request *client_requests_add(struct client_requests *q, const char *type, json_t *data, parley_reply_fn *on_reply, void *arg);
/* The next one to send, which then counts as sent on the present connection; NULL: none. Those that the server would not read are answered on
 * the way. */
struct client_request *client_requests_next(struct client_requests *q, const struct client_limits *limits);
/* Takes the request with this ref out and hands it the reply, or keeps it for later when the server asks for that: then *kept (the patience was not
 * used up). False when there is none. */
bool client_requests_answer(struct client_requests *q, uint64_t ref, json_t *reply, bool *kept);
/* An error reply that names no request: the oldest that was sent is meant. False when none was. */
bool client_requests_answer_oldest(struct client_requests *q, json_t *reply, bool *kept);
/* When the first of those that wait for their time is due, or -1. */
int64_t client_requests_due_ms(const struct client_requests *q);
/* The server closed the connection because of what was sent: `why`. Before client_requests_lost(). */
void client_requests_closed(struct client_requests *q, const char *why);
/* The connection is gone: requests that were sent and may not be repeated are answered with connection_lost; the others wait to be
 * sent again. With `all`, every one is answered so. */
void client_requests_lost(struct client_requests *q, const char *why, bool all);

#endif
