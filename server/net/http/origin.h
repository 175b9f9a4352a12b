/*
 * Whose page a request comes from (RFC 6454), and whether it is one of ours: only those may use the session's cookie, open a WebSocket or send commands.
 *
 * With --origin: exactly those, whatever name the request came by. Without: the request's own host, where that is a name of own_names.h. The
 * answers to others say which --origin would allow them, and so does the log. Private to net/.
 */
#ifndef PARLEY_NET_HTTP_ORIGIN_H
#define PARLEY_NET_HTTP_ORIGIN_H

#include "net/conn/conn.h"
#include "net/http/http_request.h"

enum { ORIGIN_BYTES_MAX = 320, ORIGIN_MESSAGE_BYTES = 2 * ORIGIN_BYTES_MAX + 100 };

enum origin_verdict { ORIGIN_ABSENT, ORIGIN_ALLOWED, ORIGIN_FOREIGN };

enum origin_verdict origin_verdict(const struct conn *c, const struct http_request *r);
/* Whether the page may be served under the request's host: it would be of no use where its origin is foreign. */
bool origin_host_is_ours(const struct conn *c, const struct http_request *r);
/* The port in the origin of a page under the request's host; 0: its scheme's own. */
unsigned origin_port(const struct conn *c, const struct http_request *r);
/* The origin of a page under the request's host: "https://chat.example:8443". */
void origin_of_host(const struct conn *c, const struct http_request *r, char out[ORIGIN_BYTES_MAX]);
/* Logs an origin that was refused, and what to set (origin_log.h says when). */
void origin_warn(const struct conn *c, const struct http_request *r, const char *origin);
/* A foreign Origin: logs it, and makes the sentence for the answer. */
void origin_refusal(const struct conn *c, const struct http_request *r, char message[ORIGIN_MESSAGE_BYTES]);

#endif
