/*
 * Whether a request may become a WebSocket: all that the library does not check, in LWS_CALLBACK_HTTP_CONFIRM_UPGRADE, the last place where an
 * answer with a status is possible. Private to net/.
 */
#ifndef PARLEY_NET_UPGRADE_GUARD_H
#define PARLEY_NET_UPGRADE_GUARD_H

#include "net/conn.h"

/* 0: go on. -1: refused, answered where that is possible; the library closes. */
int upgrade_guard(struct conn *c);

#endif
