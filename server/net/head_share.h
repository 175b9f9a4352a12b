/*
 * No address may hold all heads. The library reads NET_HEAD_POOL of them at once and lets further connections wait, and a head is held from the
 * connection's beginning, before its first byte, until the answer is out: a few thousand silent connections would keep everybody else waiting for header_ms.
 * So when fewer than limits.address_heads are free, whoever has more than that of those that wait for the client (to begin, to send the rest of a head or
 * body, to take the answer) loses the oldest. While there are enough for everybody, nobody is cut: a thousand people behind one address may come at once.
 *
 * What the server itself takes its time for does not count, nor do heads that a trusted proxy has not finished: they are not yet known to be anybody's.
 * Loop thread only. Private to net/.
 */
#ifndef PARLEY_NET_HEAD_SHARE_H
#define PARLEY_NET_HEAD_SHARE_H

#include "net/net_state.h"

/* Every NET_TICK_MS. Costs nothing while there are fewer HTTP connections than the limit. */
void head_share_tick(struct net_server *s);

#endif
