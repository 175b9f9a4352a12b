/*
 * Sends events to endpoints over HTTP: one POST an event, signed (webhook_sign.h), to addresses that may be reached (webhook_address.h), and tells what came of
 * it. It keeps no event, tries nothing twice and knows no rooms: whoever posts does (webhook_schedule.h says when).
 *
 * One slow endpoint delays no other. An endpoint has a window of posts in flight: 1 at first and after each failure, twice as many after each success,
 * endpoint_in_flight_max at most. It is slow when it has not answered within a second, until it does. Fast endpoints have in_flight_max places together, slow
 * ones as many, and what becomes slow leaves its place to others. At most WEBHOOK_HELD_TIMES as many are in flight in all. Endpoints of a lane take turns.
 *
 * Threads: all functions are for the loop thread, and done() is called there. The exchanges run on a thread of their own (webhook_engine.h).
 * Memory: some 25 KiB for each exchange in flight, and TLS's.
 */
#ifndef PARLEY_WEBHOOK_SENDER_H
#define PARLEY_WEBHOOK_SENDER_H

#include "base/loop.h"
#include "webhook/webhook_outcome.h"
#include "webhook/webhook_sign.h"
#include "webhook/webhook_target.h"

enum {
	WEBHOOK_IN_FLIGHT_MAX = 128,
	WEBHOOK_HELD_TIMES = 8,
	WEBHOOK_ENDPOINT_IN_FLIGHT_MAX = 16,
	WEBHOOK_TIMEOUT_MS = 15000, /* for the whole exchange: name, connection, request and reply */
	WEBHOOK_SLOW_MS = 1000,
	WEBHOOK_ID_CHARS = 64,
};

struct webhook_sender;
struct webhook_endpoint;

struct webhook_sender_options {
	struct webhook_policy policy;                   /* its array stays the caller's, unchanged until the sender is closed */
	uint32_t in_flight_max, endpoint_in_flight_max; /* 0: the values above */
};

struct webhook_endpoint_options {
	const char *url; /* as webhook_url_check() takes it, when the endpoint was made; the address is looked at at every dial */
	const char *ca;  /* PEM; NULL: the system's authorities */
	const struct webhook_header *headers;
	size_t n_headers;
	struct webhook_secret secrets[WEBHOOK_SECRETS_MAX]; /* n 0: none */
	uint32_t timeout_ms;                                /* 0: WEBHOOK_TIMEOUT_MS */
	const char *content_type;                           /* of the body; NULL: application/json */
	uint32_t reply_bytes;                               /* kept of a reply, WEBHOOK_REPLY_BYTES_MAX at most; 0: WEBHOOK_REPLY_BYTES */
};

struct webhook_post {
	const char *id;   /* of the event: at most WEBHOOK_ID_CHARS of visible ASCII without dots; copied */
	const void *body; /* the caller's, unchanged until done() */
	size_t n_body;
	/* Called once for each accepted post. It may post, and destroy endpoints; it does not close the sender. */
	void (*done)(void *arg, const struct webhook_outcome *o);
	void *arg;
};

/* Returns NULL with the fault logged when libcurl is missing, or when there is no descriptor or no thread to be had. */
struct webhook_sender *webhook_sender_open(struct loop *l, const struct webhook_sender_options *options);
/* Calls done() of everything that waits or is in flight, cancelled, and destroys the endpoints. It takes milliseconds. Accepts NULL. */
void webhook_sender_close(struct webhook_sender *s);

/* Copies what the options point at. The sender destroys those that are left when it is closed. */
struct webhook_endpoint *webhook_endpoint_new(struct webhook_sender *s, const struct webhook_endpoint_options *options);
/* Calls done() of what waits, cancelled, at once; of what is in flight, soon. Accepts NULL. */
void webhook_endpoint_destroy(struct webhook_endpoint *e);
/* Returns 0, or -EAGAIN when the endpoint's window is full: then one of its posts is on its way whose done() may try again. */
int webhook_post(struct webhook_endpoint *e, const struct webhook_post *p) __attribute__((warn_unused_result));

#endif
