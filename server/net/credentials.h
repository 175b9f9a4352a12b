/*
 * Who a request says it is from: the client's address behind a trusted proxy, and the token of the Authorization header or, where the Origin
 * allows it, of the session cookie. Private to net/.
 */
#ifndef PARLEY_NET_CREDENTIALS_H
#define PARLEY_NET_CREDENTIALS_H

#include "net/conn.h"
#include "net/http_request.h"
#include "net/origin.h"

enum { TOKEN_BYTES_MAX = 256 };

struct credentials {
	char token[TOKEN_BYTES_MAX]; /* "" when there is none */
	bool is_cookie;
	bool cookie_refused; /* a cookie came, but the Origin does not allow it */
};

/* cookie_without_origin: whether a request without Origin may use its cookie (a GET of the page's own, see http_stream.c). */
void credentials_read(const struct conn *c, const struct http_request *r, bool cookie_without_origin, struct credentials *out);
/* Finds the client's address behind a trusted proxy and counts it. False: that address has too many connections. */
bool credentials_admit_client(struct conn *c, const struct http_request *r);
/* "parley_session", under TLS "__Host-parley_session". */
const char *credentials_cookie_name(const struct conn *c, const struct http_request *r);
/* Whether the client spoke TLS: to us, or to a trusted proxy that says so. */
bool credentials_client_uses_tls(const struct conn *c, const struct http_request *r);

#endif
