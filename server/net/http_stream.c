/*
 * GET /api/v1/events?room=A&room=B: events as server-sent events (the HTML standard, section 9.2), until one side closes. The chat decides whether
 * there is a stream; its text goes out as it is.
 */
#include "codec/buf.h"
#include "net/http_reply.h"
#include "net/http_routes.h"

#include <string.h>

enum { ROOMS_MAX = LIMIT_STREAM_ROOMS_MOST + 1 }; /* one too many, for the chat to refuse */

/* A page's own request carries no Origin with GET; its browser then says so in Sec-Fetch-Site. */
static bool is_own_page(struct lws *wsi)
{
	char site[32];
	int n = http_head_custom(wsi, "sec-fetch-site:", site, sizeof site);

	return n == 0 || (n > 0 && strcmp(site, "same-origin") == 0);
}

/* Collects the values of room= one after the other in `names`. NULL, or what is wrong with them. */
static const char *collect_rooms(struct lws *wsi, struct buf *names, struct text rooms[ROOMS_MAX], size_t *n_rooms)
{
	char name[512];
	size_t n = 0;

	int length;
	for (; (length = http_head_argument(wsi, "room", n, name, sizeof name)) >= 0; n++) {
		if (n == ROOMS_MAX)
			return "room: too many";
		rooms[n].n = (size_t)length;
		buf_append(names, name, (size_t)length);
		buf_append_byte(names, '\0');
	}
	if (length == HTTP_ARGUMENT_TOO_LONG)
		return "room: is too long";
	const char *at = (const char *)names->data;
	for (size_t i = 0; i < n; i++) {
		rooms[i].s = at;
		at += rooms[i].n + 1;
	}
	*n_rooms = n;
	return n > 0 ? NULL : "room: is missing";
}

void http_stream(struct conn *c)
{
	struct credentials credentials;
	struct text rooms[ROOMS_MAX], cursor = {NULL, 0};
	size_t n_rooms = 0;
	auto_buf names = BUF_INIT;
	char last_event_id[LIMIT_HEAD_BYTES_MOST + NET_HEAD_SPARE];

	if (c->http->method != HTTP_GET) {
		http_exchange_refuse(c, WIRE_METHOD_NOT_ALLOWED, 0, "events are streamed with GET", "Allow: GET\r\n");
		return;
	}
	credentials_read(c, is_own_page(c->wsi), &credentials);
	if (credentials.cookie_refused) {
		http_exchange_refuse(c, WIRE_BAD_ORIGIN, 0, NULL, NULL);
		return;
	}
	const char *fault = collect_rooms(c->wsi, &names, rooms, &n_rooms);
	if (fault != NULL) {
		http_exchange_refuse(c, WIRE_INVALID_REQUEST, 0, fault, NULL);
		return;
	}
	int n = http_head_custom(c->wsi, "last-event-id:", last_event_id, sizeof last_event_id);
	if (n <= 0)
		n = http_head_argument(c->wsi, "after", 0, last_event_id, sizeof last_event_id);
	if (n > 0)
		cursor = (struct text){last_event_id, (size_t)n};
	struct session_config config = {
		.transport = TRANSPORT_STREAM,
		.token = credentials.token[0] != '\0' ? credentials.token : NULL,
		.token_is_cookie = credentials.is_cookie,
		.operator_socket = c->is_operator,
	};
	c->session = session_open(c->server->chat, c, &config);
	session_stream_request(c->session, rooms, n_rooms, cursor);
}

void conn_start_stream(struct conn *c, const uint8_t *first, size_t n)
{
	auto_buf head = BUF_INIT;
	struct http_reply reply = {
		.status = 200,
		.type = "text/event-stream",
		.headers = "X-Accel-Buffering: no\r\n",
		.close = true,
		.no_length = true,
	};

	if (c->is_stream || c->http == NULL || c->is_gone || c->is_broken)
		return;
	http_reply_append(&head, c, &reply, first, n);
	http_exchange_free(c);
	lws_http_headers_detach(c->wsi);
	c->is_stream = true;
	c->server->n_http--;
	if (c->is_paused) {
		c->is_paused = false;
		lws_rx_flow_control(c->wsi, 1);
	}
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
	heartbeat_begin_stream(c);
	conn_write_raw(c, head.data, head.len);
}
