/*
 * The sockets: WebSocket, HTTP, event streams and static files over libwebsockets, on our own loop.
 *
 * Owner: app.c. Loop thread only. The library does the socket and TLS, and keeps what a full socket does not take. We do the rest: accepting,
 * reading heads, bodies and frames, admission, deadlines and heartbeats. The chat uses a connection through conn_port.h, and a connection uses the
 * chat through chat.h.
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
	bool is_ops;      /* serves only health and metrics, over plain HTTP; the other listeners then do not serve them */
	const char *host; /* numeric address; "" means every address of the machine */
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
	/* Sockets that systemd hands over (LISTEN_FDS) replace `listen`, except the listeners of the operator and of health and metrics. */
	bool listen_given; /* the operator gave `listen`: a warning is logged when handed sockets replace it */
	bool reuse_port;   /* SO_REUSEPORT: other processes of this user may listen on the same TCP addresses */
	const char *tls_cert, *tls_key;
	const char *const *origins; /* may use cookies; without any, the host that the request names may, when it is one of own_names.h */
	size_t n_origins;
	const struct net_network *trusted_proxies;
	size_t n_trusted_proxies;
	bool proxy_protocol; /* only trusted proxies may connect, and begin with a PROXY header; not on the listeners of the operator and of health and metrics */
	uint32_t hsts_seconds; /* Strict-Transport-Security, to clients that speak TLS; 0: none */
	const char *web_dir;   /* NULL: the page inside the binary */
	uint32_t heartbeat_ms, drain_grace_ms, drain_ms;
	struct limits limits;
};

struct net_server *net_server_new(struct loop *l, struct chat *chat, struct metrics *m, const struct net_config *config);
/* Begins to listen. Returns 0, or -EINVAL with fault filled when an address is taken or not of this machine, when permission is missing, or when the
 * certificate is wrong. */
int net_server_open(struct net_server *s, char fault[400]);
/* Calls put(arg, address, is_ops) for each listener but the operator's socket. The address is "http://127.0.0.1:8080" or "unix:/path". */
void net_server_addresses(const struct net_server *s, void (*put)(void *arg, const char *address, bool is_ops), void *arg);
/* Reads certificate and key again for new connections (SIGHUP). Returns 0, or -EINVAL after it has logged the fault: the old pair then stays in
 * use. Does nothing without TLS, and when no more connections are accepted. */
int net_server_reload(struct net_server *s);
/* Ends without losing answers (promise 10), see drain.c, and then calls done(arg). A second call ends at once. */
void net_server_drain(struct net_server *s, void (*done)(void *arg), void *arg);
/* How long net_server_drain() takes at most. */
uint64_t net_server_drain_most_ms(const struct net_server *s);
/* Closes the listeners and every session, and cuts every connection. Accepts NULL. */
void net_server_stop(struct net_server *s);
/* Calls net_server_stop() if it was not called, runs the loop until the library has shut down, and frees. No other thread may run that opens files or sockets: the library closes a
 * number twice. The loop must not run again after this. Accepts NULL. */
void net_server_destroy(struct net_server *s);

#endif
