/*
 * Who a request says it is from: the client's address behind a trusted proxy, and the token of the Authorization header or, where the Origin
 * allows it, of the session cookie. Private to net/.
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
	struct session_cookie cookie; /* how an answer sets it */
	bool cookie_refused;          /* a cookie came, but the Origin does not allow it */
};

/* cookie_without_origin: whether a request without Origin may use its cookie (a GET of the page's own, see http_stream.c). */
void credentials_read(const struct conn *c, const struct http_request *r, bool cookie_without_origin, struct credentials *out);
/* First of all with each request: whose it is, and whether that client spoke TLS (conn.address, conn.client_tls). */
void credentials_identify(struct conn *c, const struct http_request *r);
/* Counts the client behind a trusted proxy. False: its address has too many connections. */
bool credentials_admit_client(struct conn *c);

#endif
