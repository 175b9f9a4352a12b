#include "net/http/session_cookie.h"

#include "net/http/http_value.h"
#include "net/http/origin.h"

#include <stdio.h>

enum { NAME_BYTES = 48, COOKIE_SECONDS = STORE_TOKEN_DAYS * 24 * 3600 };

static void make_name(const struct session_cookie *cookie, unsigned port, char out[NAME_BYTES])
{
	const char *prefix = cookie->is_secure ? "__Host-" : "";

	if (port != 0)
		snprintf(out, NAME_BYTES, "%sparley_session_%u", prefix, port);
	else
		snprintf(out, NAME_BYTES, "%sparley_session", prefix);
}

struct session_cookie session_cookie_of(const struct conn *c, const struct http_request *r)
{
	return (struct session_cookie){.is_secure = c->client_tls, .port = origin_port(c, r)};
}

bool session_cookie_read(struct session_cookie *cookie, const struct http_request *r, char token[TOKEN_BYTES_MAX])
{
	struct http_text cookies = http_request_value(r, "cookie");
	char name[NAME_BYTES];

	make_name(cookie, cookie->port, name);
	if (http_value_cookie(cookies, name, token, TOKEN_BYTES_MAX))
		return true;
	if (cookie->port == 0)
		return false;
	make_name(cookie, 0, name);
	cookie->is_old = http_value_cookie(cookies, name, token, TOKEN_BYTES_MAX);
	return cookie->is_old;
}

static void append(const struct session_cookie *cookie, unsigned port, const char *token, struct buf *headers)
{
	char name[NAME_BYTES];

	make_name(cookie, port, name);
	buf_appendf(headers, "Set-Cookie: %s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s\r\n", name, token,
		    token[0] != '\0' ? COOKIE_SECONDS : 0, cookie->is_secure ? "; Secure" : "");
}

void session_cookie_append(const struct session_cookie *cookie, const char *token, bool ends_old, struct buf *headers)
{
	append(cookie, cookie->port, token, headers);
	if (cookie->is_old && ends_old)
		append(cookie, 0, "", headers);
}
