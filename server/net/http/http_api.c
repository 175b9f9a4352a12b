/*
 * POST /api/v1/<type>: one command, with its data as the body. Faults of the request itself are answered here, with the same error object as
 * everywhere. The chat answers everything else.
 */
#include "command/requests.h"
#include "net/http/http_routes.h"

#include <string.h>
#include <strings.h>

/* A media type's parameters do not matter. */
static bool is_json(const struct http_request *r)
{
	static const char json[] = "application/json";
	struct http_text type = http_request_value(r, "content-type");
	size_t n = sizeof json - 1;

	return type.n >= n && strncasecmp(type.s, json, n) == 0 && (type.n == n || strchr("; \t", type.s[n]) != NULL);
}

void http_api(struct conn *c, const struct http_request *r, struct http_text type)
{
	struct http_exchange *e = c->http;
	struct credentials credentials;

	e->command = command_by_type(type.s, type.n);
	if (e->command == CMD_COUNT) {
		http_exchange_refuse(c, WIRE_UNKNOWN_TYPE, 0, NULL, NULL);
		return;
	}
	if (e->method != HTTP_POST) {
		http_exchange_refuse(c, WIRE_METHOD_NOT_ALLOWED, 0, "commands are sent with POST", "Allow: POST\r\n");
		return;
	}
	if (r->content_length > 0 && !is_json(r)) {
		http_exchange_refuse(c, WIRE_UNSUPPORTED_MEDIA, 0, NULL, NULL);
		return;
	}
	credentials_read(c, r, false, &credentials);
	if (credentials.cookie_refused || origin_verdict(c, r) == ORIGIN_FOREIGN) {
		http_refuse_origin(c, r);
		return;
	}
	http_exchange_sign_in_with(e, &credentials);
}

void http_api_run(struct conn *c)
{
	struct http_exchange *e = c->http;
	struct session_config config = {
		.transport = TRANSPORT_HTTP,
		.token = e->token,
		.token_is_cookie = e->token_is_cookie,
		.token_may_be_anothers = e->cookie.is_old,
		.operator_socket = c->is_operator,
	};

	c->session = session_open(c->server->chat, c, &config);
	session_http_request(c->session, e->command, e->body.data, e->body.len);
}
