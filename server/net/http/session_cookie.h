/*
 * The page's session cookie is named "parley_session", and "__Host-parley_session" under TLS. Cookies have no ports (RFC 6265 section 8.5). So when the
 * browser uses another port than the scheme's own, the name ends with it ("parley_session_8080"), and two servers on one host have different cookies.
 *
 * An earlier version always wrote the name without the port. A cookie under that name is read when the right one is missing. It moves to the right name
 * with the first answer that sets the same token again. When its token is unknown here, it is another server's cookie and does not count. Private to
 * net/.
 */
#ifndef PARLEY_NET_HTTP_SESSION_COOKIE_H
#define PARLEY_NET_HTTP_SESSION_COOKIE_H

#include "codec/buf.h"
#include "net/conn/conn.h"
#include "net/http/http_request.h"

enum { TOKEN_BYTES_MAX = 256 };

struct session_cookie {
	bool is_secure;
	unsigned port; /* in the name; 0: the name has none */
	bool is_old;   /* the cookie that was read has the old name without the port */
};

/* Returns the cookie's name for this request. */
struct session_cookie session_cookie_of(const struct conn *c, const struct http_request *r);
/* Reads its value. Returns false when the request has none, or one that is too long; token is "" then. */
bool session_cookie_read(struct session_cookie *cookie, const struct http_request *r, char token[TOKEN_BYTES_MAX]);
/* Appends the header that sets the cookie, or deletes it when token is "". With ends_old it also deletes the cookie under the old name. */
void session_cookie_append(const struct session_cookie *cookie, const char *token, bool ends_old, struct buf *headers);

#endif
