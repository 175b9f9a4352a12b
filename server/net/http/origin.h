/*
 * The page that a request comes from (RFC 6454), and whether it is one of ours. Only our pages may use the session's cookie, open a WebSocket or send
 * commands.
 *
 * With --origin exactly the named origins are ours, under every name of the server. Without it the request's own host is ours when it is a name of
 * own_names.h. The answers to other pages, and the log, tell which --origin allows them. Private to net/.
 */
#ifndef PARLEY_NET_HTTP_ORIGIN_H
#define PARLEY_NET_HTTP_ORIGIN_H

#include "net/conn/conn.h"
#include "net/http/http_request.h"

enum { ORIGIN_BYTES_MAX = 320, ORIGIN_MESSAGE_BYTES = 2 * ORIGIN_BYTES_MAX + 100 };

enum origin_verdict { ORIGIN_ABSENT, ORIGIN_ALLOWED, ORIGIN_FOREIGN };

enum origin_verdict origin_verdict(const struct conn *c, const struct http_request *r);
/* Returns whether the page may be served under the request's host. A page whose origin is foreign could do nothing. */
bool origin_host_is_ours(const struct conn *c, const struct http_request *r);
/* Returns the port in the origin of a page under the request's host, or 0 for the scheme's own port. */
unsigned origin_port(const struct conn *c, const struct http_request *r);
/* Writes the origin of a page under the request's host: "https://chat.example:8443". */
void origin_of_host(const struct conn *c, const struct http_request *r, char out[ORIGIN_BYTES_MAX]);
/* Logs a refused origin and the option to set, as often as origin_log.h allows. */
void origin_warn(const struct conn *c, const struct http_request *r, const char *origin);
/* Logs a foreign Origin and writes the sentence for the answer. */
void origin_refusal(const struct conn *c, const struct http_request *r, char message[ORIGIN_MESSAGE_BYTES]);

#endif
