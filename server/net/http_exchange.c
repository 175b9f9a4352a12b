#include "net/http_exchange.h"

#include "base/memory.h"
#include "net/http_guard.h"
#include "net/http_reply.h"
#include "net/http_routes.h"
#include "net/http_value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum {
	COOKIE_SECONDS = 90 * 24 * 3600,
	LARGE_ANSWER_BYTES = 65536,
	SEND_BUFFER_BYTES_MAX = 4 << 20,
};

void http_exchange_free(struct conn *c)
{
	struct http_exchange *e = c->http;

	if (e == NULL)
		return;
	c->http = NULL;
	list_remove(&e->probe_link);
	buf_finish(&e->body);
	free(e->token);
	free(e);
}

void http_exchange_wait(struct conn *c)
{
	conn_set_deadline(c, CONN_WORKING, 0);
	c->is_paused = true;
	lws_rx_flow_control(c->wsi, 0);
}

/* A whole answer should fit into the kernel's buffer: while the library holds some of it back, a pipelined request ends the connection. */
static void make_room(struct conn *c)
{
	int bytes = c->out.len * 2 < SEND_BUFFER_BYTES_MAX ? (int)(c->out.len * 2) : SEND_BUFFER_BYTES_MAX;

	if (c->out.len > LARGE_ANSWER_BYTES)
		(void)setsockopt(lws_get_socket_fd(c->wsi), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

/* The answer is out. 0, or -1: the connection shall be closed. */
static int finish(struct conn *c)
{
	http_exchange_free(c);
	if (c->close_after_reply)
		return -1;
	if (lws_http_transaction_completed(c->wsi))
		return -1;
	c->is_pipelined = http_head_attached(c->wsi);
	if (c->is_proxied)
		conn_leave_address(c); /* the next request may be another client's */
	heartbeat_begin_idle(c);
	return 0;
}

/* 0, or -1: the connection shall be closed. */
static int write_answer(struct conn *c)
{
	if (c->is_paused) {
		c->is_paused = false;
		lws_rx_flow_control(c->wsi, 1);
	}
	make_room(c);
	bool written = conn_write_raw(c, c->out.data, c->out.len);
	buf_finish(&c->out);
	conn_end_session(c);
	if (!written)
		return -1;
	c->http->is_ready = false;
	c->http->is_written = true;
	if (c->http->is_lingering) {
		conn_set_deadline(c, CONN_LINGER, NET_LINGER_MS);
		return 0;
	}
	if (lws_partial_buffered(c->wsi)) {
		conn_set_deadline(c, CONN_BODY, c->server->config.limits.idle_ms);
		return 0; /* goes on in http_exchange_writable() */
	}
	return finish(c);
}

int http_exchange_writable(struct conn *c)
{
	if (c->http == NULL || !c->http->is_written || c->http->is_lingering || lws_partial_buffered(c->wsi))
		return 0;
	return finish(c);
}

void http_exchange_ready(struct conn *c)
{
	c->http->is_ready = true;
	conn_mark_dirty(c);
}

void http_exchange_flush(struct conn *c)
{
	struct http_exchange *e = c->http;

	if (e == NULL || !e->is_ready || e->awaits_body)
		return;
	if (write_answer(c) == 0 || c->is_broken)
		return;
	c->is_closing = true;
	conn_set_deadline(c, CONN_CLOSING, NET_CLOSE_MS); /* what the library holds back goes out first, see conn_finish_close() */
}

void http_exchange_refuse(struct conn *c, enum wire_error code, int status, const char *message, const char *headers)
{
	struct http_exchange *e = c->http;

	e->is_refused = true;
	http_reply_error(&c->out, c, code, status, message, headers, c->close_after_reply, e->method == HTTP_HEAD);
	http_exchange_ready(c);
}

static void append_cookie(const struct http_exchange *e, struct buf *headers)
{
	if (!e->sets_cookie)
		return;
	buf_appendf(headers, "Set-Cookie: %sparley_session=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s\r\n",
		    e->cookie_is_secure ? "__Host-" : "", e->cookie, e->cookie[0] != '\0' ? COOKIE_SECONDS : 0,
		    e->cookie_is_secure ? "; Secure" : "");
}

void http_exchange_reply(struct conn *c, const void *json, size_t n, enum wire_error code, uint32_t retry_after_ms)
{
	struct http_exchange *e = c->http;
	auto_buf headers = BUF_INIT;

	if (e == NULL || e->is_ready)
		return; /* an HTTP request has one answer; a stream has no personal events */
	if (retry_after_ms > 0)
		buf_appendf(&headers, "Retry-After: %u\r\n", (retry_after_ms + 999) / 1000);
	append_cookie(e, &headers);
	buf_append_byte(&headers, '\0');
	struct http_reply reply = {
		.status = wire_error_http_status(code),
		.type = "application/json",
		.headers = (const char *)headers.data,
		.close = c->close_after_reply,
	};
	http_reply_append(&c->out, c, &reply, json, n);
	http_exchange_ready(c);
}

void conn_set_cookie(struct conn *c, const char *token)
{
	struct http_exchange *e = c->http;

	if (e == NULL)
		return;
	size_t n = token != NULL ? strlen(token) : 0;
	assert(n < sizeof e->cookie);
	e->sets_cookie = true;
	memcpy(e->cookie, token != NULL ? token : "", n + 1);
}

/* ---- the library's callbacks ---- */

/* HTTP/1.0 keeps a connection only when the answer says so too; else such a client takes the end of the connection for the answer's. */
static bool client_wants_close(struct lws *wsi)
{
	char value[256];

	if (http_head_value(wsi, WSI_TOKEN_HTTP, value, sizeof value) <= 0 || strcmp(value, "HTTP/1.0") == 0)
		return true;
	return http_head_value(wsi, WSI_TOKEN_CONNECTION, value, sizeof value) > 0 && http_value_lists(value, "close");
}

static void make_exchange(struct conn *c, int64_t content_length)
{
	struct http_exchange *e = mem_new(struct http_exchange);

	e->conn = c;
	list_init(&e->probe_link);
	e->method = http_head_method(c->wsi);
	e->content_length = content_length;
	e->awaits_body = e->method == HTTP_POST;
	e->cookie_is_secure = credentials_client_uses_tls(c);
	c->http = e;
	c->close_after_reply = c->server->draining || client_wants_close(c->wsi);
	if (c->server->draining)
		c->reason = CLOSE_GOING_AWAY;
}

/* Answered before the body was read: what is still coming is dropped for a moment, then the connection is closed. */
static int refuse_large_body(struct conn *c)
{
	struct http_exchange *e = c->http;

	c->close_after_reply = true;
	c->reason = END_REFUSED;
	e->awaits_body = false;
	e->is_lingering = true;
	http_exchange_refuse(c, WIRE_TOO_LARGE, 0, "the body is larger than the limit", NULL);
	return write_answer(c);
}

int http_exchange_begin(struct conn *c)
{
	struct lws *wsi = c->wsi;
	char path[HTTP_PATH_BYTES];
	int64_t content_length;
	uint64_t body_max = c->server->config.limits.frame_bytes;

	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); /* the deadlines are ours */
	/* Bytes that came while the last answer is still under way: the library would serve the old request once more. */
	if (c->http != NULL || c->is_stream || c->is_closing || lws_partial_buffered(wsi))
		return -1;
	if (http_head_bytes(wsi) > c->server->config.limits.head_bytes)
		return http_refuse_now(c, WIRE_TOO_LARGE, 431, "the head is larger than the limit head_bytes", NULL);
	const char *fault = http_guard(wsi, &content_length);
	if (fault != NULL)
		return http_refuse_now(c, WIRE_INVALID_REQUEST, 400, fault, NULL);
	enum http_method method = http_head_method(wsi);
	if (method == HTTP_OTHER)
		return http_refuse_now(c, WIRE_METHOD_NOT_ALLOWED, 0, NULL, "Allow: GET, HEAD, POST\r\n");
	if (method != HTTP_POST && content_length > 0)
		return http_refuse_now(c, WIRE_INVALID_REQUEST, 400, "a body where none is expected", NULL);
	if (method == HTTP_POST && content_length == HTTP_NO_LENGTH)
		return http_refuse_now(c, WIRE_INVALID_REQUEST, 411, "Content-Length is missing", NULL);
	if (method == HTTP_POST && content_length > 0 && c->is_pipelined)
		return http_refuse_now(c, WIRE_UNAVAILABLE, 0, "sent before the last answer went out; send it again", "Retry-After: 0\r\n");
	if (http_head_path(wsi, path) < 0)
		return http_refuse_now(c, WIRE_NOT_FOUND, 0, NULL, NULL);
	if (!credentials_admit_client(c))
		return http_refuse_address(c, "too many connections from this address", NET_CROWDED_RETRY_MS);
	make_exchange(c, content_length);
	if (body_max > 0 && content_length > (int64_t)body_max)
		return refuse_large_body(c);
	if (method == HTTP_POST)
		conn_set_deadline(c, CONN_BODY, c->server->config.limits.body_ms);
	http_route(c, path);
	if (c->http == NULL || c->http->awaits_body)
		return 0; /* a stream began, or the body is to come */
	if (c->http->is_ready)
		return write_answer(c);
	http_exchange_wait(c);
	return 0;
}

int http_exchange_body(struct conn *c, const uint8_t *bytes, size_t n)
{
	struct http_exchange *e = c->http;

	metric_add(&c->server->metrics->bytes_in_total, n);
	if (n == 0)
		return 0;
	if (e != NULL && e->is_lingering)
		return 0;
	if (e == NULL || !e->awaits_body)
		return -1; /* more came while an answer is still under way */
	size_t rest = (size_t)e->content_length - e->body_read;
	bool beyond = n > rest;
	n = beyond ? rest : n;
	e->body_read += n;
	if (!e->is_refused)
		buf_append(&e->body, bytes, n);
	if (!beyond)
		return 0;
	/* 4.3.5 does not look at the length and gives us the next request as well; it is lost, so this answer is the last. */
	c->close_after_reply = true;
	return http_exchange_body_complete(c);
}

int http_exchange_body_complete(struct conn *c)
{
	struct http_exchange *e = c->http;

	/* A lingering one is through; otherwise the library says so again when more comes while an answer is still under way. */
	if (e == NULL || !e->awaits_body)
		return -1;
	e->awaits_body = false;
	http_exchange_wait(c);
	if (e->is_ready)
		conn_mark_dirty(c);
	else
		http_api_run(c);
	return 0;
}
