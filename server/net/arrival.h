/*
 * Connections of trusted proxies that have been accepted and whose PROXY header (proxy_header.h) is awaited, before the library sees them. Each
 * counts as a connection, and has limits.header_ms; its bytes behind the header stay in the socket. Private to net/.
 */
#ifndef PARLEY_NET_ARRIVAL_H
#define PARLEY_NET_ARRIVAL_H

#include "net/listener.h"

/* Owns fd; hands it to listener_admit() when the header is whole. */
void arrival_begin(struct listener *l, int fd, const struct peer_address *peer);
/* Every NET_TICK_MS: refuses those that were too slow. */
void arrivals_tick(struct net_server *s);
/* With the listeners. */
void arrivals_close(struct net_server *s);

#endif
