/*
 * Connections that were accepted and have not said anything yet: before the library sees them, and before they take more than a few hundred bytes.
 * Each is handed on with its first byte; under --proxy-protocol when the PROXY header (proxy_header.h) is whole and a byte follows; with TLS when the
 * first record (the ClientHello) is whole, for its answer is what costs: as many are handed on in a turn as fit into NET_ADMIT_US, the others
 * wait for the next. Their bytes stay in the socket.
 *
 * An arrival counts as a connection, of its address too, but holds no place against anybody: see pressure.h. It has limits.header_ms.
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
	struct proxy_bytes *proxy; /* what came of a PROXY header; NULL when none is awaited (any more) */
	int awaited_bytes;         /* of a TLS record; 0: not known */
	bool counted_address;
};

/* Owns fd; hands it to listener_admit(). */
void arrival_begin(struct listener *l, int fd, const struct conn_origin *origin, bool awaits_proxy);
/* At the beginning of each turn's end: hands on those that had to wait. */
void arrivals_go_on(struct net_server *s);
/* Every NET_TICK_MS: closes those that were too slow. */
void arrivals_tick(struct net_server *s);
/* Ends it without an answer; counted with this reason (enum end_reason). */
void arrival_end(struct arrival *a, unsigned reason);
/* With the listeners. */
void arrivals_close(struct net_server *s);

#endif
