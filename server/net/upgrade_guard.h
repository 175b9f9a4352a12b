/*
 * Whether a request may become a WebSocket: all that the library does not check, in LWS_CALLBACK_HTTP_CONFIRM_UPGRADE, the last place where an
 * answer with a status is possible. Private to net/.
 *
 * Who it is does not matter here: signing in comes later, by session.start, which reads from the store. So there is no 401. A session's
 * cookie that is unknown or ended, or comes without an Origin, is no reason to refuse: session.start without a token answers `unauthenticated`
 * or `invalid_token`, and a page can still come in as a guest or by password on the same socket.
 *
 * One upgrade takes as much as one request from its address's share (limits.address_requests, a burst of ten seconds): thousands of people behind
 * one address can come back at once.
 */
#ifndef PARLEY_NET_UPGRADE_GUARD_H
#define PARLEY_NET_UPGRADE_GUARD_H

#include "net/conn.h"

/* 0: go on. -1: refused, answered where that is possible; the library closes. */
int upgrade_guard(struct conn *c);

#endif
