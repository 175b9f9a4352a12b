#include "net/http_routes.h"

#include "net/http_reply.h"

#include <string.h>

static bool is_path(const struct http_request *r, const char *path)
{
	return r->path.n == strlen(path) && memcmp(r->path.s, path, r->path.n) == 0;
}

void http_route(struct conn *c, const struct http_request *r)
{
	static const char api[] = "/api/v1/";
	size_t n_api = sizeof api - 1;
	bool reads = c->http->method == HTTP_GET || c->http->method == HTTP_HEAD;

	if (is_path(r, "/api/v1/events"))
		http_stream(c, r);
	else if (r->path.n > n_api && memcmp(r->path.s, api, n_api) == 0)
		http_api(c, r, (struct http_text){r->path.s + n_api, r->path.n - n_api});
	else if (!reads)
		http_exchange_refuse(c, WIRE_METHOD_NOT_ALLOWED, 0, NULL, "Allow: GET, HEAD\r\n");
	else if (is_path(r, "/healthz"))
		http_healthz(c);
	else if (is_path(r, "/readyz"))
		http_readyz(c);
	else if (is_path(r, "/metrics"))
		http_metrics(c);
	else if (is_path(r, "/ws"))
		http_exchange_refuse(c, WIRE_INVALID_REQUEST, 426, "this is the WebSocket's address", "Upgrade: websocket\r\n");
	else
		http_static(c, r);
}
