/*
 * The sockets: WebSocket, HTTP, event streams and static files over libwebsockets, on our own loop.
 *
 * Owner: app.c. Loop thread only. The library is the socket, TLS and what a full socket does not take: accepting, reading heads, bodies and frames,
 * admission, deadlines and heartbeats are ours. conn_port.h is what chat sees of a connection, chat.h what a connection sees of the chat.
 */
#ifndef PARLEY_NET_NET_SERVER_H
#define PARLEY_NET_NET_SERVER_H

#include "base/loop.h"
#include "base/metrics.h"
#include "chat/chat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_server;

struct net_listen {
	bool is_unix;
	bool is_operator; /* a Unix socket (0600) whose peers may use admin.* */
	bool is_ops;      /* serves health and metrics, and nothing else; plain HTTP; then no other one serves them */
	const char *host; /* numeric address, or "" for every address of the machine */
	uint16_t port;    /* 0: any free one */
	const char *path; /* is_unix */
};

struct net_network {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d; all zero with n_bits 128: the peers of Unix sockets */
	unsigned n_bits;     /* of the 16 bytes */
};

/* Pointers are borrowed and outlive the server. */
struct net_config {
	const struct net_listen *listen;
	size_t n_listen;
	/* Sockets handed over by systemd (LISTEN_FDS) take the place of `listen`, but for the operator's and those of operations. */
	bool listen_given; /* by the operator: a warning when handed sockets take its place */
	bool reuse_port;   /* SO_REUSEPORT: other processes of this user may listen on the same TCP addresses */
	const char *tls_cert, *tls_key;
	const char *const *origins; /* allowed to use cookies; none: the host that the request names, where it is one of own_names.h */
	size_t n_origins;
	const struct net_network *trusted_proxies;
	size_t n_trusted_proxies;
	bool proxy_protocol; /* all but the operator's and those of operations: only trusted proxies may connect, and begin with a PROXY header */
	uint32_t hsts_seconds; /* Strict-Transport-Security, to clients that speak TLS; 0: none */
	const char *web_dir;   /* NULL: the page inside the binary */
	uint32_t heartbeat_ms, drain_ms;
	struct limits limits;
};

/* Listens. NULL with fault filled: an address is taken or not ours, no permission, bad certificate. */
struct net_server *net_server_new(struct loop *l, struct chat *chat, struct metrics *m, const struct net_config *config, char fault[400]);
/* Calls put(arg, address, is_ops) for each listener: "http://127.0.0.1:8080", "unix:/path". The operator's own socket is not told. */
void net_server_addresses(const struct net_server *s, void (*put)(void *arg, const char *address, bool is_ops), void *arg);
/* SIGHUP: reads certificate and key again for new connections. 0, or -EINVAL (logged; the old ones stay). Nothing
 * without TLS, or once leaving: nobody connects any more. */
int net_server_reload(struct net_server *s);
/* Promise 10: stops accepting, /readyz turns red, tells clients when to come back, closes them spread over drain_ms, lets answers go out;
 * then done(arg). Calling it again ends at once. */
void net_server_drain(struct net_server *s, void (*done)(void *arg), void *arg);
/* Cuts every connection (their sessions are closed) and runs the loop until the library let go of it. Accepts NULL. */
void net_server_stop(struct net_server *s);
/* Stops if need be, and frees. The loop must not run again after this. Accepts NULL. */
void net_server_destroy(struct net_server *s);

#endif
