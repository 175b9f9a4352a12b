#include "net/credentials.h"

#include "net/http_head.h"
#include "net/http_value.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool credentials_client_uses_tls(const struct conn *c)
{
	char proto[32];

	if (c->is_tls || c->ends_tls)
		return true;
	return c->is_proxied && http_head_custom(c->wsi, "x-forwarded-proto:", proto, sizeof proto) > 0 && strcasecmp(proto, "https") == 0;
}

const char *credentials_cookie_name(const struct conn *c)
{
	return credentials_client_uses_tls(c) ? "__Host-parley_session" : "parley_session";
}

static void lower(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* The Origin that a page of this very host has. */
static bool is_own_origin(const struct conn *c, const char *origin)
{
	char host[300], own[320];
	bool tls = credentials_client_uses_tls(c);
	const char *default_port = tls ? ":443" : ":80";

	if (http_head_value(c->wsi, WSI_TOKEN_HOST, host, sizeof host) <= 0)
		return false;
	size_t n = strlen(host), port = strlen(default_port);
	if (n > port && strcmp(host + n - port, default_port) == 0)
		host[n - port] = '\0';
	snprintf(own, sizeof own, "%s://%s", tls ? "https" : "http", host);
	lower(own);
	return strcmp(own, origin) == 0;
}

enum origin_verdict origin_verdict(const struct conn *c)
{
	char origin[320];
	const struct net_config *config = &c->server->config;

	if (!http_head_has(c->wsi, WSI_TOKEN_ORIGIN))
		return ORIGIN_ABSENT;
	if (http_head_repeated(c->wsi, WSI_TOKEN_ORIGIN) || http_head_value(c->wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin) <= 0)
		return ORIGIN_FOREIGN;
	lower(origin);
	for (size_t i = 0; i < config->n_origins; i++)
		if (strcmp(config->origins[i], origin) == 0)
			return ORIGIN_ALLOWED;
	if (config->n_origins == 0 && is_own_origin(c, origin))
		return ORIGIN_ALLOWED;
	return ORIGIN_FOREIGN;
}

void credentials_read(const struct conn *c, bool cookie_without_origin, struct credentials *out)
{
	char header[LIMIT_HEAD_BYTES_MOST + NET_HEAD_SPARE];

	*out = (struct credentials){.token = ""};
	if (http_head_has(c->wsi, WSI_TOKEN_HTTP_AUTHORIZATION)) {
		int n = http_head_value(c->wsi, WSI_TOKEN_HTTP_AUTHORIZATION, header, sizeof header);
		/* what is not a bearer token of sane length still counts as one, and is refused as an unknown one */
		const char *token = n > 7 && strncasecmp(header, "bearer ", 7) == 0 ? header + 7 + strspn(header + 7, " ") : "?";
		snprintf(out->token, sizeof out->token, "%s", strlen(token) < sizeof out->token ? token : "?");
		return;
	}
	if (http_head_value(c->wsi, WSI_TOKEN_HTTP_COOKIE, header, sizeof header) <= 0)
		return;
	if (!http_value_cookie(header, credentials_cookie_name(c), out->token, sizeof out->token))
		return;
	enum origin_verdict origin = origin_verdict(c);
	if (origin == ORIGIN_ALLOWED || (origin == ORIGIN_ABSENT && cookie_without_origin)) {
		out->is_cookie = true;
		return;
	}
	out->token[0] = '\0';
	out->cookie_refused = true;
}

bool credentials_admit_client(struct conn *c)
{
	struct net_server *s = c->server;
	struct peer_address client = c->peer; /* where the proxy does not say, or not so that it can be read */
	char forwarded[LIMIT_HEAD_BYTES_MOST + NET_HEAD_SPARE];

	if (!c->is_proxied)
		return true;
	int n = http_head_value(c->wsi, WSI_TOKEN_X_FORWARDED_FOR, forwarded, sizeof forwarded);
	if (n > 0 && !address_forwarded(forwarded, (size_t)n, s->config.trusted_proxies, s->config.n_trusted_proxies, &client))
		client = c->peer;
	conn_leave_address(c);
	c->address = client;
	if (s->admission.address_max == 0)
		return true;
	c->counted_address = admission_enter_address(&s->admission, conn_address_key(c));
	return c->counted_address;
}
