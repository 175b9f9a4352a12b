/*
 * GET /api/v1/events?room=A&room=B: events as server-sent events (the HTML standard, section 9.2), until one side closes. The chat decides whether
 * the stream begins. Its text goes out unchanged. With ?consumer=NAME&worker=NAME&ack=last they are what a consumer hands out.
 */
#include "codec/buf.h"
#include "command/requests.h"
#include "net/http/http_reply.h"
#include "net/http/http_routes.h"
#include "net/http/http_value.h"

#include <string.h>

enum { NAME_BYTES = 512, ROOMS_MAX = LIMIT_STREAM_ROOMS_MOST + 1 }; /* one more than allowed, so that the chat refuses it */

/* A page's own GET has no Origin. Its browser then sends "same-origin" in Sec-Fetch-Site. */
static bool is_own_page(const struct http_request *r)
{
	struct http_text site = http_request_value(r, "sec-fetch-site");

	return site.n == 0 || http_value_lists(site, "same-origin");
}

/* Collects the values of room= one after the other in `names`. Returns NULL, or what is wrong with them. */
static const char *collect_rooms(const struct http_request *r, struct buf *names, struct text rooms[ROOMS_MAX], size_t *n_rooms)
{
	char name[NAME_BYTES];
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

/* What a stream of a consumer is about, decoded. */
struct consumer_names {
	char consumer[NAME_BYTES], worker[NAME_BYTES];
};

/* Whether the stream is a consumer's. *fault: what is wrong, or NULL. */
static bool read_consumer(const struct http_request *r, struct consumer_names *names, struct consumer_stream_request *out,
			  const char **fault)
{
	char ack[8], room[1];
	int n = http_value_argument(r->query, "consumer", 0, names->consumer, sizeof names->consumer);
	int n_worker = http_value_argument(r->query, "worker", 0, names->worker, sizeof names->worker);
	int n_ack = http_value_argument(r->query, "ack", 0, ack, sizeof ack);

	*fault = NULL;
	if (n == HTTP_ARGUMENT_ABSENT)
		return false;
	*out = (struct consumer_stream_request){.consumer = {names->consumer, n > 0 ? (size_t)n : 0}, .acknowledges = n_ack > 0};
	if (n_worker > 0)
		out->worker = (struct text){names->worker, (size_t)n_worker};
	if (http_value_argument(r->query, "room", 0, room, sizeof room) != HTTP_ARGUMENT_ABSENT)
		*fault = "room: a consumer has its rooms";
	else if (n == HTTP_ARGUMENT_TOO_LONG || n_worker == HTTP_ARGUMENT_TOO_LONG)
		*fault = n == HTTP_ARGUMENT_TOO_LONG ? "consumer: is too long" : "worker: is too long";
	else if (n_ack != HTTP_ARGUMENT_ABSENT && (n_ack < 0 || strcmp(ack, "last") != 0))
		*fault = "ack: must be last";
	else if (out->acknowledges && !out->worker.s)
		*fault = "worker: is missing; ack=last is of what came to one worker";
	return true;
}

void http_stream(struct conn *c, const struct http_request *r)
{
	struct credentials credentials;
	struct text rooms[ROOMS_MAX];
	size_t n_rooms = 0;
	auto_buf names = BUF_INIT;
	char after[LIMIT_HEAD_BYTES_MOST];
	struct consumer_names consumer_names;
	struct consumer_stream_request consumer = {0};
	const char *fault;

	if (c->http->method != HTTP_GET) {
		http_exchange_refuse(c, WIRE_METHOD_NOT_ALLOWED, 0, "events are streamed with GET", "Allow: GET\r\n");
		return;
	}
	credentials_read(c, r, is_own_page(r), &credentials);
	if (credentials.cookie_refused || origin_verdict(c, r) == ORIGIN_FOREIGN) {
		http_refuse_origin(c, r);
		return;
	}
	bool is_of_consumer = read_consumer(r, &consumer_names, &consumer, &fault);
	if (!is_of_consumer)
		fault = collect_rooms(r, &names, rooms, &n_rooms);
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
	struct text last_event_id = read_cursor(r, after, sizeof after);
	consumer.last_event_id = last_event_id;
	if (is_of_consumer)
		session_consumer_stream_request(c->session, &consumer);
	else
		session_stream_request(c->session, rooms, n_rooms, last_event_id);
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
