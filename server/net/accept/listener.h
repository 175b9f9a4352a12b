/*
 * Our own listening sockets: TCP, Unix, or handed over by systemd. Accepting is ours, so that a connection is refused before anything is
 * allocated for it, and can be paused while the server leaves or has no descriptors left. Private to net/.
 */
#ifndef PARLEY_NET_ACCEPT_LISTENER_H
#define PARLEY_NET_ACCEPT_LISTENER_H

#include "net/net_state.h"

struct listener {
	struct list link; /* net_server.listeners */
	struct net_server *server;
	struct loop_watch *watch;
	int fd;
	int spare_fd; /* given up for a moment when there are no descriptors left, to turn a caller away */
	bool is_unix, is_operator, is_ops, is_tls;
	bool is_paused;     /* accepting failed; until the next tick */
	uint64_t warned_ms; /* for listener_may_warn(); 0: never */
	char *unlink_path;  /* of a Unix socket that we made, or NULL */
	char address[160];  /* "http://127.0.0.1:8080", "unix:/path" */
};

/* Opens what the config names (and systemd hands over). 0, or -1 with fault filled. */
int listeners_open(struct net_server *s, char fault[400]);
/* Stops accepting; connections that wait in the kernel are refused with the closing of the socket, and those whose PROXY header is awaited. */
void listeners_close(struct net_server *s);
/* Those whose accepting failed try again. */
void listeners_resume(struct net_server *s);
/* Whether it is time for a further warning about who comes in here; true once in ten seconds. */
bool listener_may_warn(struct listener *l);
/* Whether peers of this address are trusted proxies here; nobody is on the operator's socket. */
bool listener_trusts(const struct listener *l, const struct peer_address *peer);
/* Whether its address may have one connection more. */
bool listener_has_room_for(const struct listener *l, const struct conn_origin *origin);
/* Hands the socket of an arrival to the library. Owns fd. */
void listener_admit(struct listener *l, int fd, const struct conn_origin *origin);

#endif
