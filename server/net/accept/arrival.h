/*
 * Connections that were accepted and have sent nothing yet. The library does not see them, and each takes a few hundred bytes at most.
 * An arrival is handed to the library with its first byte. Under --proxy-protocol that happens when the PROXY header (proxy_header.h) is whole and
 * a byte follows. With TLS it happens when the first record (the ClientHello) is whole. The answer to it is expensive, so one turn hands on as
 * many as fit into NET_ADMIT_US, and the others wait for the next turn. Their bytes stay in the socket.
 *
 * An arrival counts as a connection, and as one of its address. When places run out, arrivals are ended first: see pressure.h. An arrival has
 * limits.header_ms of time.
 * Loop thread only. Private to net/.
 */
#ifndef PARLEY_NET_ACCEPT_ARRIVAL_H
#define PARLEY_NET_ACCEPT_ARRIVAL_H

#include "net/accept/listener.h"

struct proxy_bytes;

struct arrival {
	struct list link; /* net_server.arrivals, or net_server.ready */
	struct listener *listener;
	struct loop_watch *watch;
	int fd;
	struct conn_origin origin;
	uint64_t accepted_ms;
	struct proxy_bytes *proxy; /* the bytes of the PROXY header so far; NULL when no header is awaited */
	int awaited_bytes;         /* of the first TLS record; 0: not known yet */
	bool counted_address;
};

/* Owns fd; hands it to listener_admit(). */
void arrival_begin(struct listener *l, int fd, const struct conn_origin *origin, bool awaits_proxy);
/* Called first at each turn's end. Hands on the arrivals that had to wait. */
void arrivals_go_on(struct net_server *s);
/* Called every NET_TICK_MS. Closes the arrivals whose time is over. */
void arrivals_tick(struct net_server *s);
/* Ends the arrival without an answer and counts it under this reason (enum end_reason). */
void arrival_end(struct arrival *a, unsigned reason);
/* Closes all arrivals, when the listeners close. */
void arrivals_close(struct net_server *s);

#endif
