/*
 * What the files of net/ share: the server's own state. Private to net/.
 */
#ifndef PARLEY_NET_NET_STATE_H
#define PARLEY_NET_NET_STATE_H

#include "base/list.h"
#include "base/wheel.h"
#include "net/accept/admission.h"
#include "net/http/origin_log.h"
#include "net/http/own_names.h"
#include "net/net_server.h"

#include <libwebsockets.h>

enum {
	NET_TICK_MS = 250,       /* of the timing wheel */
	NET_WRITE_BYTES = 65536, /* an outbox's largest write */
	NET_READ_BYTES =
		16384 + 256, /* of one read; more than a TLS record (RFC 8446 section 5.1), so that OpenSSL keeps no part of a record */
	NET_CLOSE_MS = 5000, /* for a close handshake */
	NET_CROWDED_RETRY_MS = 10000, /* told to a client with too many connections */
	NET_ADMIT_US = 1000,          /* of a turn, for handing arrivals to the library; a TLS handshake takes about half of it */
	NET_LINGER_MS = 2000,         /* for reading on after the last answer, so that a reset does not discard it */
};

/* The meaning of the connection's one deadline. */
enum conn_phase {
	CONN_HEAD,    /* waiting for (the rest of) a request's head */
	CONN_IDLE,    /* kept for the next request */
	CONN_BODY,    /* waiting for (the rest of) a request's body */
	CONN_WORKING, /* the answer is being made: no deadline */
	CONN_TAKING,  /* waiting for the socket to take the answer */
	CONN_LINGER, /* the last byte is out and our side is shut: what still arrives is dropped for a short time, so that no reset discards the end */
	CONN_SIGN_IN, /* a WebSocket without session.start */
	CONN_LIVE,    /* a signed-in WebSocket: heartbeat */
	CONN_STREAM,  /* an event stream: comments as heartbeat */
	CONN_CLOSING, /* told to close; cut when that takes too long */
};

/* The origin of a connection, as far as it is known before its first request. */
struct conn_origin {
	struct peer_address peer; /* the socket's peer, or the client that a PROXY header names */
	bool is_proxied;          /* the peer is a trusted proxy: its X-Forwarded-… are believed */
	bool ends_tls;            /* the PROXY header says that the client speaks TLS with the proxy */
};

struct net_server {
	struct loop *loop;
	struct chat *chat;
	struct metrics *metrics;
	struct net_config config;
	struct lws_context *context; /* NULL after the library has shut down; it clears this pointer itself */
	struct lws_vhost *vhost_plain, *vhost_tls;
	struct tls_files *tls_files; /* the pair that handshakes use; NULL without TLS */
	struct list listeners;       /* listener.link */
	struct list arrivals;        /* arrival.link, oldest first */
	struct list ready;           /* arrival.link of those that may be handed to the library, in their order */
	uint64_t admitting_us;       /* spent in this turn on handing them over */
	struct list conns;           /* conn.link, in the order in which they came */
	struct list dirty;           /* conn.dirty: something to write at the end of the turn */
	struct list dead;            /* conn.dirty: to be cut at the end of the turn */
	size_t n_unfinished;         /* conn_is_unfinished() */
	bool has_no_relief;          /* pressure.c: too few waiting connections for a pass; until the next tick */
	struct wheel *wheel;
	struct loop_timer *tick;
	struct admission admission;
	struct own_names own_names;
	bool has_ops; /* health and metrics have a listener of their own */
	struct origin_log origin_log;
	char address_text[64];   /* the latest result of conn_address() */
	uint8_t address_key[16]; /* the latest result of conn_address_key() */

	/* the connection being adopted, for the callback in which the library shows it to us */
	struct listener *accepting;
	const struct conn_origin *accepting_origin;

	bool is_stopped;

	/* drain.c */
	bool leaving;  /* /readyz is red, and each answer ends its connection */
	bool draining; /* no more connections are accepted, and those that are there are closed */
	uint64_t leaving_since_ms;
	uint64_t drain_started_ms;
	size_t drain_total;  /* connections at the beginning of the end */
	size_t drain_closed; /* connections told to close so far */
	void (*drained)(void *arg);
	void *drained_arg;

	/* http_ops.c: a running probe serves every request that arrives before its end */
	struct list probe_waiters; /* http_exchange.probe_link */
	bool probing;
};

#endif
