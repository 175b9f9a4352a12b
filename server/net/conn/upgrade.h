/*
 * Makes a WebSocket of a request (RFC 6455 section 4.2), or refuses it. Private to net/.
 *
 * The upgrade does not depend on who asks: session.start signs in later and reads from the store. So there is no 401. A session cookie that is
 * unknown, has ended, or comes without an Origin is no reason to refuse: session.start without a token answers `unauthenticated` or
 * `invalid_token`, and the page can still sign in as a guest or with a password on the same socket.
 *
 * An upgrade takes as much as one request from its address's share (limits.address_requests, with a burst of ten seconds), so thousands of people
 * behind one address can come back at once.
 */
#ifndef PARLEY_NET_CONN_UPGRADE_H
#define PARLEY_NET_CONN_UPGRADE_H

#include "net/conn/conn.h"
#include "net/http/http_request.h"

/* Returns whether the request asks for a WebSocket, in the right form or not. Other upgrades are ignored (RFC 9110 section 7.8). */
bool upgrade_is_asked(const struct http_request *r);
/* Answers the request. Afterwards the connection is a WebSocket, or it is refused. */
void upgrade(struct conn *c, const struct http_request *r);

#endif
