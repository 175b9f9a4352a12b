/*
 * The page's session cookie: "parley_session", under TLS "__Host-parley_session". Cookies know no ports (RFC 6265 section 8.5), so where the browser sees
 * another port than its scheme's own, the name ends with it ("parley_session_8080"): two servers on one host do not take each other's.
 *
 * A cookie that came under the name without the port (an earlier version wrote that one everywhere) is taken where the right one is missing. It moves to the
 * right name with the first answer that sets the same token again. When its token is unknown here it is another server's, and counts as none. Private to net/.
 */
#ifndef PARLEY_NET_HTTP_SESSION_COOKIE_H
#define PARLEY_NET_HTTP_SESSION_COOKIE_H

#include "codec/buf.h"
#include "net/conn/conn.h"
#include "net/http/http_request.h"

enum { TOKEN_BYTES_MAX = 256 };

struct session_cookie {
	bool is_secure;
	unsigned port; /* in the name; 0: none */
	bool is_old;   /* what came has the name without it */
};

/* For this request. */
struct session_cookie session_cookie_of(const struct conn *c, const struct http_request *r);
/* Its value. False: none came, or one that is too long; then token is "". */
bool session_cookie_read(struct session_cookie *cookie, const struct http_request *r, char token[TOKEN_BYTES_MAX]);
/* Appends the header that sets it (token "": deletes it); ends_old: what came under the old name goes. */
void session_cookie_append(const struct session_cookie *cookie, const char *token, bool ends_old, struct buf *headers);

#endif
