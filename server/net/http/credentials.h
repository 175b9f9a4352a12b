/*
 * The sender that a request names: the client's address behind a trusted proxy, and the token of the Authorization header. When there is no such
 * header and the Origin allows it, the token is the session cookie's. Private to net/.
 */
#ifndef PARLEY_NET_HTTP_CREDENTIALS_H
#define PARLEY_NET_HTTP_CREDENTIALS_H

#include "net/conn/conn.h"
#include "net/http/http_request.h"
#include "net/http/origin.h"
#include "net/http/session_cookie.h"

struct credentials {
	char token[TOKEN_BYTES_MAX]; /* "" when there is none */
	bool is_cookie;
	struct session_cookie cookie; /* the cookie that an answer sets */
	bool cookie_refused;          /* the request has a cookie, and its Origin does not allow it */
};

/* Reads the credentials. cookie_without_origin tells whether a request without Origin may use its cookie (the page's own GET, see
 * http_stream.c). */
void credentials_read(const struct conn *c, const struct http_request *r, bool cookie_without_origin, struct credentials *out);
/* Called first for each request. Finds its client and whether that client spoke TLS (conn.address, conn.client_tls). */
void credentials_identify(struct conn *c, const struct http_request *r);
/* Counts the client behind a trusted proxy. Returns false when its address has too many connections. */
bool credentials_admit_client(struct conn *c);

#endif
