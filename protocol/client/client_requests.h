/*
 * Requests of a client that have no reply yet, in the order in which they were made. Owned by the client; one thread.
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
	bool sent; /* on the present connection */
	enum parley_repeat repeat;
	parley_reply_fn *on_reply;
	void *arg;
};

struct client_requests {
	struct client_request *first, **end; /* a queue through `next` */
	uint64_t last_ref;
	size_t n;
};

void client_requests_init(struct client_requests *q);
/* Frees what is left without a word; see client_requests_lost(). */
void client_requests_finish(struct client_requests *q);

/* Adds a request at the end; steals data. */
struct client_request *client_requests_add(struct client_requests *q, const char *type, json_t *data, enum parley_repeat repeat,
					   parley_reply_fn *on_reply, void *arg);
/* Takes the request with this ref out and hands it the reply; false when there is none. */
bool client_requests_answer(struct client_requests *q, uint64_t ref, json_t *reply);
/* The connection is gone: requests that were sent and may not be repeated are answered with connection_lost; the others wait to be
 * sent again. With `all`, every one is answered so. */
void client_requests_lost(struct client_requests *q, const char *why, bool all);
/* Answers those that were not sent and that the server would not read. */
void client_requests_refuse(struct client_requests *q, const struct client_limits *limits);
/* Whether one was sent on the present connection. */
bool client_requests_any_sent(const struct client_requests *q);

#endif
