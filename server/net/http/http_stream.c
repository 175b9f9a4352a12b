/*
 * GET /api/v1/events?room=A&room=B: events as server-sent events (the HTML standard, section 9.2), until one side closes. The chat decides whether
 * the stream begins. Its text goes out unchanged.
 */
#include "codec/buf.h"
#include "command/requests.h"
#include "net/http/http_reply.h"
#include "net/http/http_routes.h"
#include "net/http/http_value.h"

#include <string.h>

enum { ROOMS_MAX = LIMIT_STREAM_ROOMS_MOST + 1 }; /* one more than allowed, so that the chat refuses it */

/* A page's own GET has no Origin. Its browser then sends "same-origin" in Sec-Fetch-Site. */
static bool is_own_page(const struct http_request *r)
{
	struct http_text site = http_request_value(r, "sec-fetch-site");

	return site.n == 0 || http_value_lists(site, "same-origin");
}

/* Collects the values of room= one after the other in `names`. Returns NULL, or what is wrong with them. */
static const char *collect_rooms(const struct http_request *r, struct buf *names, struct text rooms[ROOMS_MAX], size_t *n_rooms)
{
	char name[512];
	size_t n = 0;

	int length;
	for (; (length = http_value_argument(r->query, "room", n, name, sizeof name)) >= 0; n++) {
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

/* Last-Event-ID, which a browser sends by itself, counts before ?after=. */
static struct text read_cursor(const struct http_request *r, char *decoded, size_t cap)
{
	struct http_text last = http_request_value(r, "last-event-id");

	if (last.n > 0)
		return (struct text){last.s, last.n};
	int n = http_value_argument(r->query, "after", 0, decoded, cap);
	return n > 0 ? (struct text){decoded, (size_t)n} : (struct text){NULL, 0};
}

void http_stream(struct conn *c, const struct http_request *r)
{
	struct credentials credentials;
	struct text rooms[ROOMS_MAX];
	size_t n_rooms = 0;
	auto_buf names = BUF_INIT;
	char after[LIMIT_HEAD_BYTES_MOST];

	if (c->http->method != HTTP_GET) {
		http_exchange_refuse(c, WIRE_METHOD_NOT_ALLOWED, 0, "events are streamed with GET", "Allow: GET\r\n");
		return;
	}
	credentials_read(c, r, is_own_page(r), &credentials);
	if (credentials.cookie_refused || origin_verdict(c, r) == ORIGIN_FOREIGN) {
		http_refuse_origin(c, r);
		return;
	}
	const char *fault = collect_rooms(r, &names, rooms, &n_rooms);
	if (fault != NULL) {
		http_exchange_refuse(c, WIRE_INVALID_REQUEST, 0, fault, NULL);
		return;
	}
	http_exchange_sign_in_with(c->http, &credentials);
	struct session_config config = {
		.transport = TRANSPORT_STREAM,
		.token = c->http->token,
		.token_is_cookie = c->http->token_is_cookie,
		.token_may_be_anothers = c->http->cookie.is_old,
		.operator_socket = c->is_operator,
	};
	c->session = session_open(c->server->chat, c, &config);
	session_stream_request(c->session, rooms, n_rooms, read_cursor(r, after, sizeof after));
}

void conn_start_stream(struct conn *c, const uint8_t *first, size_t n)
{
	auto_buf head = BUF_INIT, headers = BUF_INIT;

	if (c->is_stream || c->http == NULL || c->is_gone || c->is_broken)
		return;
	buf_append_str(&headers, "X-Accel-Buffering: no\r\n");
	http_exchange_append_cookie(c->http, &headers);
	buf_append_byte(&headers, '\0');
	struct http_reply reply = {
		.status = 200,
		.type = "text/event-stream",
		.headers = (const char *)headers.data,
		.close = true,
		.no_length = true,
	};
	http_reply_append(&head, c, &reply, first, n);
	http_exchange_free(c);
	c->is_stream = true;
	conn_mark_dirty(c); /* so that it is read from again and its end is noticed */
	heartbeat_begin_stream(c);
	conn_write_raw(c, head.data, head.len);
}
