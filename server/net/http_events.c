#include "net/http_events.h"

#include "net/http_reply.h"
#include "net/http_routes.h"
#include "net/upgrade_guard.h"

#include <string.h>

void http_route(struct conn *c, const char *path)
{
	static const char api[] = "/api/v1/";
	bool reads = c->http->method == HTTP_GET || c->http->method == HTTP_HEAD;

	if (strcmp(path, "/api/v1/events") == 0)
		http_stream(c);
	else if (strncmp(path, api, sizeof api - 1) == 0)
		http_api(c, path + sizeof api - 1);
	else if (!reads)
		http_exchange_refuse(c, WIRE_METHOD_NOT_ALLOWED, 0, NULL, "Allow: GET, HEAD\r\n");
	else if (strcmp(path, "/healthz") == 0)
		http_healthz(c);
	else if (strcmp(path, "/readyz") == 0)
		http_readyz(c);
	else if (strcmp(path, "/metrics") == 0)
		http_metrics(c);
	else if (strcmp(path, "/ws") == 0)
		http_exchange_refuse(c, WIRE_INVALID_REQUEST, 426, "this is the WebSocket's address", "Upgrade: websocket\r\n");
	else
		http_static(c, path);
}

static int writable(struct conn *c)
{
	if (c->is_broken)
		return -1;
	if (c->is_stream) {
		heartbeat_heard(c); /* slow is not silent */
		conn_flush(c);
	}
	if (c->is_closing && !c->is_handed_over)
		conn_mark_dirty(c);
	return http_exchange_writable(c);
}

int http_event(struct conn *c, enum lws_callback_reasons reason, void *in, size_t len)
{
	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return upgrade_guard(c);
	case LWS_CALLBACK_HTTP:
		return http_exchange_begin(c);
	case LWS_CALLBACK_HTTP_BODY:
		return http_exchange_body(c, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return http_exchange_body_complete(c);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return writable(c);
	case LWS_CALLBACK_CLOSED_HTTP:
		conn_closed(c);
		return 0;
	default:
		return 0;
	}
}
