/*
 * What the files of net/ share: the server's own state. Private to net/.
 */
#ifndef PARLEY_NET_STATE_H
#define PARLEY_NET_STATE_H

#include "base/list.h"
#include "base/wheel.h"
#include "net/admission.h"
#include "net/net_server.h"

#include <libwebsockets.h>

enum {
	NET_TICK_MS = 250,            /* of the timing wheel */
	NET_WRITE_BYTES = 65536,      /* most bytes of an outbox joined into one write */
	NET_HEAD_SPARE = 4096,        /* beyond limits.head_bytes, where we answer 431; past it the library closes without an answer */
	NET_HEAD_POOL = 2048,         /* heads being read at once; further ones wait, see head_share.h */
	NET_RX_BYTES = 304,           /* the library's buffer per WebSocket; longer messages come in pieces, with a turn for each */
	NET_CLOSE_MS = 5000,          /* for a close that was asked for to go through */
	NET_CROWDED_RETRY_MS = 10000, /* for who has too many connections */
	NET_LINGER_MS = 2000,         /* reading on after a refusal, so that the answer is not lost in a reset */
};

/* Where a connection comes from, as far as it is known before its first request. */
struct conn_origin {
	struct peer_address peer; /* the socket's, or the one that a PROXY header tells */
	bool is_proxied;          /* the peer is a trusted proxy: its X-Forwarded-… are believed */
	bool ends_tls;            /* the client spoke TLS with a proxy that says so in its PROXY header */
};

struct net_server {
	struct loop *loop;
	struct chat *chat;
	struct metrics *metrics;
	struct net_config config;
	struct lws_context *context; /* NULL when the library has let go of everything (it clears this pointer itself) */
	struct lws_vhost *vhost_plain, *vhost_tls;
	struct tls_files *tls_files; /* what handshakes use; NULL without TLS */
	struct list listeners;       /* listener.link */
	struct list arrivals;        /* arrival.link, oldest first */
	struct list conns;           /* conn.link, in the order in which they came */
	size_t n_http;               /* of these, neither WebSocket nor event stream */
	struct list dirty;           /* conn.dirty: something to write at the end of the turn */
	struct list dead;            /* conn.dirty: to be cut at the end of the turn */
	struct wheel *wheel;
	struct loop_timer *tick;
	struct admission admission;
	char address_text[64];   /* what conn_address() returned last */
	uint8_t address_key[16]; /* what conn_address_key() returned last */

	/* the connection being adopted, for the callback in which the library shows it to us */
	struct listener *accepting;
	const struct conn_origin *accepting_origin;

	bool is_stopped;

	/* drain.c */
	bool draining;
	uint64_t drain_started_ms;
	size_t drain_total;  /* connections when it began */
	size_t drain_closed; /* told to close so far */
	void (*drained)(void *arg);
	void *drained_arg;

	/* http_ops.c: a probe serves everybody who asks while it runs */
	struct list probe_waiters; /* http_exchange.probe_link */
	bool probing;
};

#endif
