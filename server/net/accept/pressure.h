/*
 * Who goes when places run out. Places are connections (limits.connections, or what the limit of open files allows) and unfinished requests
 * (limits.unfinished_requests). While there are enough, nobody is cut: a thousand people behind one address may come at once.
 *
 * When there are none left, those that wait for their client can be ended: arrivals, connections kept for a next request, heads and bodies that are not
 * whole, WebSockets that have not signed in. Of the network (IPv4: /24, IPv6: /48) with most of them, and in it of the address with most of them, the
 * quietest goes first: those that have said nothing, then the oldest. So who holds many places loses them to who comes with one. What the server itself takes its time for is left alone, as is
 * what a trusted proxy has not finished: it is not yet known to be anybody's.
 *
 * A pass looks at all connections and frees PRESSURE_BATCH places or more, where so many wait: it is paid for once in so many connections. Where hardly
 * anybody waits there is one pass a tick. Loop thread only. Private to net/.
 */
#ifndef PARLEY_NET_ACCEPT_PRESSURE_H
#define PARLEY_NET_ACCEPT_PRESSURE_H

#include "net/net_state.h"

enum { PRESSURE_BATCH = 64 };

/* No connection is free: false when none could be freed. */
bool pressure_of_connections(struct net_server *s);
/* Every NET_TICK_MS. */
void pressure_tick(struct net_server *s);
/* After one request more has begun: nothing while there are places. */
void pressure_of_requests(struct net_server *s);

#endif
