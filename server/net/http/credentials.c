#include "net/http/credentials.h"

#include "net/http/forwarded.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A value that is no bearer token of a possible length counts as a token too, and is refused as an unknown one. */
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

	*out = (struct credentials){.cookie = session_cookie_of(c, r)};
	if (bearer.s != NULL) {
		read_bearer(bearer, out->token);
		return;
	}
	if (!session_cookie_read(&out->cookie, r, out->token))
		return;
	enum origin_verdict origin = origin_verdict(c, r);
	if (origin == ORIGIN_ALLOWED || (origin == ORIGIN_ABSENT && cookie_without_origin)) {
		out->is_cookie = true;
		return;
	}
	out->token[0] = '\0';
	out->cookie_refused = true;
}

void credentials_identify(struct conn *c, const struct http_request *r)
{
	const struct net_config *config = &c->server->config;
	struct forwarded said;

	c->client_tls = conn_ends_tls(c);
	if (!c->is_proxied)
		return;
	forwarded_read(r, &c->peer, config->trusted_proxies, config->n_trusted_proxies, &said);
	conn_leave_address(c);
	c->address = said.address;
	if (said.proto != FORWARDED_UNTOLD)
		c->client_tls = said.proto == FORWARDED_TLS;
}

bool credentials_admit_client(struct conn *c)
{
	struct admission *admission = &c->server->admission;

	if (!c->is_proxied || admission->address_max == 0)
		return true;
	c->counted_address = admission_enter_address(admission, conn_address_key(c));
	return c->counted_address;
}
