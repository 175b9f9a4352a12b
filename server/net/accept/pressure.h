/*
 * Chooses the connections that end when places run out. Places are connections (limits.connections, or what the limit of open files allows) and
 * unfinished requests (limits.unfinished_requests). While places are free, no connection is cut: a thousand people behind one address may come at
 * once.
 *
 * When no place is free, connections that wait for their client can be ended: arrivals, connections kept for a next request, heads and bodies
 * that are not whole, and WebSockets that have not signed in. The quietest one goes first, from the network (IPv4: /24, IPv6: /48) with the most of
 * them, and in it from the address with the most. Quietest are those that have sent nothing, then the oldest. So a holder of many places
 * loses them to a newcomer with one. A connection whose answer the server is making stays. A request that a trusted proxy has not finished
 * stays too, because its client is not known yet.
 *
 * A pass looks at all connections and frees PRESSURE_BATCH places or more when that many wait, so its cost is shared by as many new connections.
 * When fewer wait, there is at most one pass a tick. Loop thread only. Private to net/.
 */
#ifndef PARLEY_NET_ACCEPT_PRESSURE_H
#define PARLEY_NET_ACCEPT_PRESSURE_H

#include "net/net_state.h"

enum { PRESSURE_BATCH = 64 };

/* Called when no connection is free. Returns false when none could be freed. */
bool pressure_of_connections(struct net_server *s);
/* Called every NET_TICK_MS. */
void pressure_tick(struct net_server *s);
/* Called after a request has begun. Does nothing while places are free. */
void pressure_of_requests(struct net_server *s);

#endif
