/* The end of the server without lost answers (promise 10): see net_server_drain(). Private to net/. */
#ifndef PARLEY_NET_DRAIN_H
#define PARLEY_NET_DRAIN_H

#include "net/net_state.h"

/* Called every NET_TICK_MS. While the server leaves, it closes the connections that are due and ends when all are closed. */
void drain_tick(struct net_server *s);

#endif
