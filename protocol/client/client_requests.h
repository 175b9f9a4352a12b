/*
 * Requests of a client that have no reply yet, in the order in which they were made. Owned by the client; one thread.
 *
 * A request that is refused for good is never sent again. It would be refused again, and the requests behind it would never go out. A server may refuse a
 * request by closing the connection, and then it does not tell which one. When one request was under way, it was that one. When several were, each is
 * sent alone afterwards: so the one at fault is found, and the others are done.
 *
 * A request that the server asks to make later is made again then, as long as the patience of its maker lasts.
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
	bool sent;                /* sent on the present connection */
	bool repeatable;          /* command_repeatable() */
	uint32_t patience_ms;     /* counted from the first time that the server asks to make it later; 0: none */
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
	size_t n_suspects;    /* the first ones of the queue, one of which the server refused by closing; each goes out alone */
};

void client_requests_init(struct client_requests *q);
/* Frees what is left without answering it; see client_requests_lost(). */
void client_requests_finish(struct client_requests *q);

/* Adds a request at the end; steals data. */
struct client_request *client_requests_add(struct client_requests *q, const char *type, json_t *data, parley_reply_fn *on_reply, void *arg);
/* Returns the next request to send, or NULL when there is none. The request counts as sent on the present connection. Requests that the server would not
 * read are answered on the way. */
struct client_request *client_requests_next(struct client_requests *q, const struct client_limits *limits);
/* Takes the request with this ref out and hands it the reply. When the server asks to make it later and its patience is not used up, keeps it and sets
 * *kept. Returns false when there is no such request. */
bool client_requests_answer(struct client_requests *q, uint64_t ref, json_t *reply, bool *kept);
/* Takes an error reply that names no request. It is for the oldest request that was sent. Returns false when none was sent. */
bool client_requests_answer_oldest(struct client_requests *q, json_t *reply, bool *kept);
/* Returns when the first request that waits for its time is due, or -1 when none does. */
int64_t client_requests_due_ms(const struct client_requests *q);
/* Called when the server has closed the connection because of what was sent, and before client_requests_lost(). `why` tells the reason. */
void client_requests_closed(struct client_requests *q, const char *why);
/* Called when the connection is gone. Answers the requests that were sent and may not be repeated with connection_lost. The others wait to be sent again.
 * With `all`, every request is answered with connection_lost. */
void client_requests_lost(struct client_requests *q, const char *why, bool all);

#endif
