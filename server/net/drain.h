/* Leaving politely (promise 10): see net_server_drain(). Private to net/. */
#ifndef PARLEY_NET_DRAIN_H
#define PARLEY_NET_DRAIN_H

#include "net/net_state.h"

/* Every NET_TICK_MS: closes the share of connections that is due, ends when all is done. Nothing while the server is not leaving. */
void drain_tick(struct net_server *s);

#endif
