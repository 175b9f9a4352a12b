/*
 * Our own listening sockets: TCP, Unix, or handed over by systemd. We accept connections ourselves, so a connection is refused before anything is
 * allocated for it. Accepting pauses while the server leaves and while it has no descriptors left. Private to net/.
 */
#ifndef PARLEY_NET_ACCEPT_LISTENER_H
#define PARLEY_NET_ACCEPT_LISTENER_H

#include "net/net_state.h"

struct listener {
	struct list link; /* net_server.listeners */
	struct net_server *server;
	struct loop_watch *watch;
	int fd;
	int spare_fd; /* closed for a moment when no descriptors are left, so that a caller can be accepted and turned away */
	bool is_unix, is_operator, is_ops, is_tls;
	bool is_paused;     /* until the next tick, after accepting failed */
	uint64_t warned_ms; /* for listener_may_warn(); 0: never */
	char *unlink_path;  /* of a Unix socket that we made, or NULL */
	char address[160];  /* "http://127.0.0.1:8080", "unix:/path" */
};

/* Opens the listeners that the config names and takes those that systemd hands over. Returns 0, or -1 with fault filled. */
int listeners_open(struct net_server *s, char fault[400]);
/* Stops accepting. Closing the sockets refuses the connections that wait in the kernel. Arrivals whose PROXY header is awaited are closed too. */
void listeners_close(struct net_server *s);
/* The paused listeners accept again. */
void listeners_resume(struct net_server *s);
/* Returns true at most once in ten seconds: then one more warning about this listener's connections may be logged. */
bool listener_may_warn(struct listener *l);
/* Returns whether peers of this address are trusted proxies on this listener. On the operator's socket none are. */
bool listener_trusts(const struct listener *l, const struct peer_address *peer);
/* Returns whether the address may have one more connection. */
bool listener_has_room_for(const struct listener *l, const struct conn_origin *origin);
/* Hands the socket of an arrival to the library. Owns fd. */
void listener_admit(struct listener *l, int fd, const struct conn_origin *origin);

#endif
