#include "net/credentials.h"

#include "net/http_value.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What the client spoke with the first of the proxies: each appends its own word to the list, or replaces it. */
static bool is_forwarded_as_tls(const struct http_request *r)
{
	struct http_text proto = http_value_first(http_request_value(r, "x-forwarded-proto"));

	return (proto.n == 5 && strncasecmp(proto.s, "https", 5) == 0) || (proto.n == 3 && strncasecmp(proto.s, "wss", 3) == 0);
}

bool credentials_client_uses_tls(const struct conn *c, const struct http_request *r)
{
	return c->is_tls || c->ends_tls || (c->is_proxied && is_forwarded_as_tls(r));
}

const char *credentials_cookie_name(const struct conn *c, const struct http_request *r)
{
	return credentials_client_uses_tls(c, r) ? "__Host-parley_session" : "parley_session";
}

/* What is not a bearer token of sane length still counts as one, and is refused as an unknown one. */
static void read_bearer(struct http_text value, char token[TOKEN_BYTES_MAX])
{
	size_t start = strlen("bearer ");
	bool is_bearer = value.n > start && strncasecmp(value.s, "bearer ", start) == 0;

	while (is_bearer && start < value.n && value.s[start] == ' ')
		start++;
	bool fits = is_bearer && value.n - start < TOKEN_BYTES_MAX;
	snprintf(token, TOKEN_BYTES_MAX, "%.*s", fits ? (int)(value.n - start) : 1, fits ? value.s + start : "?");
}

void credentials_read(const struct conn *c, const struct http_request *r, bool cookie_without_origin, struct credentials *out)
{
	struct http_text bearer = http_request_value(r, "authorization");

	*out = (struct credentials){.token = ""};
	if (bearer.s != NULL) {
		read_bearer(bearer, out->token);
		return;
	}
	if (!http_value_cookie(http_request_value(r, "cookie"), credentials_cookie_name(c, r), out->token, sizeof out->token))
		return;
	enum origin_verdict origin = origin_verdict(c, r);
	if (origin == ORIGIN_ALLOWED || (origin == ORIGIN_ABSENT && cookie_without_origin)) {
		out->is_cookie = true;
		return;
	}
	out->token[0] = '\0';
	out->cookie_refused = true;
}

/* All X-Forwarded-For fields as the one list that they are (RFC 9110 section 5.3). Its length; 0: there is none. */
static size_t join_forwarded_for(const struct http_request *r, char list[LIMIT_HEAD_BYTES_MOST])
{
	size_t n = 0;

	for (const struct http_field *f = NULL; (f = http_request_field(r, "x-forwarded-for", f)) != NULL;) {
		if (n > 0)
			list[n++] = ',';
		memcpy(list + n, f->value.s, f->value.n);
		n += f->value.n;
	}
	return n;
}

bool credentials_admit_client(struct conn *c, const struct http_request *r)
{
	struct net_server *s = c->server;
	struct peer_address client = c->peer;  /* where the proxy does not say, or not so that it can be read */
	char forwarded[LIMIT_HEAD_BYTES_MOST]; /* no head is larger */

	if (!c->is_proxied)
		return true;
	size_t n = join_forwarded_for(r, forwarded);
	if (n > 0 && !address_forwarded(forwarded, n, s->config.trusted_proxies, s->config.n_trusted_proxies, &client))
		client = c->peer;
	conn_leave_address(c);
	c->address = client;
	if (s->admission.address_max == 0)
		return true;
	c->counted_address = admission_enter_address(&s->admission, conn_address_key(c));
	return c->counted_address;
}
