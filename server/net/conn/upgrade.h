/*
 * From a request to a WebSocket (RFC 6455 section 4.2), or to a refusal. Private to net/.
 *
 * Who it is does not matter here: signing in comes later, by session.start, which reads from the store. So there is no 401. A session's
 * cookie that is unknown or ended, or comes without an Origin, is no reason to refuse: session.start without a token answers `unauthenticated`
 * or `invalid_token`, and a page can still come in as a guest or by password on the same socket.
 *
 * One upgrade takes as much as one request from its address's share (limits.address_requests, a burst of ten seconds): thousands of people behind
 * one address can come back at once.
 */
#ifndef PARLEY_NET_CONN_UPGRADE_H
#define PARLEY_NET_CONN_UPGRADE_H

#include "net/conn/conn.h"
#include "net/http/http_request.h"

/* Whether the request is for a WebSocket, well-formed or not. Other upgrades are not known here, and not answered (RFC 9110 section 7.8). */
bool upgrade_is_asked(const struct http_request *r);
/* Answers it: the connection is a WebSocket afterwards, or refused. */
void upgrade(struct conn *c, const struct http_request *r);

#endif
