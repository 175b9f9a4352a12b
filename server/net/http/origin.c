#include "net/http/origin.h"

#include "base/log.h"
#include "net/http/http_value.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Copies into a string, in lower case. Returns false when it does not fit. */
static bool lower(struct http_text text, char *out, size_t cap)
{
	if (text.n >= cap)
		return false;
	for (size_t i = 0; i < text.n; i++)
		out[i] = (char)tolower((unsigned char)text.s[i]);
	out[text.n] = '\0';
	return true;
}

unsigned origin_port(const struct conn *c, const struct http_request *r)
{
	unsigned port = http_value_host(r->host).port;

	return port == (c->client_tls ? 443 : 80) ? 0 : port;
}

void origin_of_host(const struct conn *c, const struct http_request *r, char out[ORIGIN_BYTES_MAX])
{
	char name[ORIGIN_BYTES_MAX - 24], port[16] = "";
	unsigned number = origin_port(c, r);

	if (!lower(http_value_host(r->host).name, name, sizeof name))
		name[0] = '\0';
	if (number != 0)
		snprintf(port, sizeof port, ":%u", number);
	snprintf(out, ORIGIN_BYTES_MAX, "%s://%s%s", c->client_tls ? "https" : "http", name, port);
}

bool origin_host_is_ours(const struct conn *c, const struct http_request *r)
{
	return c->server->config.n_origins > 0 || r->host.s == NULL || own_names_hold(&c->server->own_names, r->host);
}

enum origin_verdict origin_verdict(const struct conn *c, const struct http_request *r)
{
	char origin[ORIGIN_BYTES_MAX], own[ORIGIN_BYTES_MAX];
	const struct net_config *config = &c->server->config;
	struct http_text value = http_request_value(r, "origin");

	if (value.s == NULL)
		return ORIGIN_ABSENT;
	if (!lower(value, origin, sizeof origin))
		return ORIGIN_FOREIGN;
	for (size_t i = 0; i < config->n_origins; i++)
		if (strcmp(config->origins[i], origin) == 0)
			return ORIGIN_ALLOWED;
	if (config->n_origins > 0 || r->host.n == 0 || !origin_host_is_ours(c, r))
		return ORIGIN_FOREIGN;
	origin_of_host(c, r, own);
	return strcmp(own, origin) == 0 ? ORIGIN_ALLOWED : ORIGIN_FOREIGN;
}

/* Returns whether --origin accepts it, as far as its characters tell. Otherwise the log and the answers suggest no option and do not repeat it. */
static bool is_plain(const char *origin)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-._:[]";
	const char *name = strncmp(origin, "http://", 7) == 0 ? origin + 7 : strncmp(origin, "https://", 8) == 0 ? origin + 8 : "";

	return name[0] != '\0' && name[strspn(name, letters)] == '\0';
}

void origin_warn(const struct conn *c, const struct http_request *r, const char *origin)
{
	struct net_server *s = c->server;
	char option[ORIGIN_BYTES_MAX + 16] = "";
	const char *note = "with the option its pages are allowed";
	uint64_t n_left_out;
	bool is_disbelieved = !c->is_proxied && (http_request_field(r, "x-forwarded-proto", NULL) != NULL ||
						 http_request_field(r, "x-forwarded-for", NULL) != NULL);

	if (!origin_log_takes(&s->origin_log, origin, loop_now_ms(s->loop), &n_left_out))
		return;
	if (is_plain(origin))
		snprintf(option, sizeof option, "--origin %s", origin);
	else
		note = "no option allows it: it is no name of a web server (a page from a file, of an app, or in a sandbox)";
	if (is_disbelieved && option[0] != '\0')
		note = "with the option its pages are allowed; what this address says of its clients (X-Forwarded-…) is not believed: "
		       "where it is your proxy, name it with --trusted-proxy";
	LOG_WARN("origin.refused", LOG_S("origin", origin), LOG_S("address", conn_address(c)), LOG_S("option", option), LOG_S("note", note),
		 LOG_U("not_logged", n_left_out));
}

void origin_refusal(const struct conn *c, const struct http_request *r, char message[ORIGIN_MESSAGE_BYTES])
{
	char origin[ORIGIN_BYTES_MAX];

	bool is_whole = lower(http_request_value(r, "origin"), origin, sizeof origin);
	if (is_whole)
		origin_warn(c, r, origin);
	if (!is_whole || !is_plain(origin)) {
		snprintf(message, ORIGIN_MESSAGE_BYTES, "%s", wire_error_message(WIRE_BAD_ORIGIN));
		return;
	}
	snprintf(message, ORIGIN_MESSAGE_BYTES, "pages of %s are not allowed here until parleyd is started with --origin %s as well",
		 origin, origin);
}
