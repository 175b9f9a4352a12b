#include "net/http/http_exchange.h"

#include "base/memory.h"
#include "net/conn/upgrade.h"
#include "net/http/http_reply.h"
#include "net/http/http_routes.h"
#include "net/http/http_value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void http_exchange_free(struct conn *c)
{
	struct http_exchange *e = c->http;

	if (e == NULL)
		return;
	c->http = NULL;
	list_remove(&e->probe_link);
	buf_finish(&e->body);
	hook_request_free(e->hook);
	slack_call_free(e->slack);
	free(e->token);
	free(e);
}

bool http_exchange_answers(const struct conn *c)
{
	return c->http != NULL && !c->http->awaits_body;
}

/* Called when the answer is out. */
static void finish(struct conn *c)
{
	http_exchange_free(c);
	if (c->close_after_reply) {
		c->is_closing = true; /* conn_finish_close() */
		return;
	}
	if (c->is_proxied) { /* the next request may be another client's */
		conn_leave_address(c);
		c->client_tls = conn_ends_tls(c);
	}
	heartbeat_begin_idle(c);
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
	if (c->out.len > 0) {
		bool written = conn_write_raw(c, c->out.data, c->out.len);
		buf_finish(&c->out);
		conn_end_session(c);
		if (!written)
			return;
		conn_set_deadline(c, CONN_TAKING, c->server->config.limits.idle_ms);
	}
	if (!lws_partial_buffered(c->wsi))
		finish(c);
}

/* Answers before the body was read. The connection can then serve no other request. */
static void answer_without_body(struct conn *c)
{
	c->close_after_reply = true;
	c->reason = END_REFUSED;
	c->http->awaits_body = false;
}

static void drop_body(struct conn *c)
{
	struct http_exchange *e = c->http;

	if (e->awaits_body && e->body_left > 0 && e->expects_go_on)
		answer_without_body(c); /* the body is not asked for with 100 Continue */
	e->is_refused = true;
}

void http_exchange_refuse(struct conn *c, enum wire_error code, int status, const char *message, const char *headers)
{
	struct http_exchange *e = c->http;

	drop_body(c);
	http_reply_error(&c->out, c, code, status, message, headers, c->close_after_reply, e->method == HTTP_HEAD);
	http_exchange_ready(c);
}

void http_refuse_origin(struct conn *c, const struct http_request *r)
{
	char message[ORIGIN_MESSAGE_BYTES];

	origin_refusal(c, r, message);
	http_exchange_refuse(c, WIRE_BAD_ORIGIN, 0, message, NULL);
}

void http_exchange_append_cookie(const struct http_exchange *e, struct buf *headers)
{
	if (!e->sets_cookie)
		return;
	/* A cookie under the old name is this server's when it signed the request in. It is then set again under the right name, or deleted. */
	bool is_same = e->token_is_cookie && (e->new_token[0] == '\0' || strcmp(e->new_token, e->token) == 0);
	session_cookie_append(&e->cookie, e->new_token, is_same, headers);
}

static void reply_with(struct conn *c, int status, const char *type, const void *body, size_t n, uint32_t retry_after_ms)
{
	struct http_exchange *e = c->http;
	auto_buf headers = BUF_INIT;

	if (e == NULL || e->is_ready)
		return; /* an HTTP request has one answer; a stream has no personal events */
	if (retry_after_ms > 0)
		buf_appendf(&headers, "Retry-After: %u\r\n", (retry_after_ms + 999) / 1000);
	http_exchange_append_cookie(e, &headers);
	buf_append_byte(&headers, '\0');
	struct http_reply reply = {
		.status = status,
		.type = type,
		.headers = (const char *)headers.data,
		.close = c->close_after_reply,
	};
	http_reply_append(&c->out, c, &reply, body, n);
	http_exchange_ready(c);
}

void http_exchange_reply(struct conn *c, const void *json, size_t n, enum wire_error code, uint32_t retry_after_ms)
{
	auto_buf slack = BUF_INIT;

	if (c->http != NULL && c->http->slack != NULL) {
		slack_api_reply(c->http->slack, (struct text){.s = json, .n = n}, &slack);
		reply_with(c, code == WIRE_RATE_LIMITED ? 429 : 200, "application/json", slack.data, slack.len, retry_after_ms);
		return;
	}
	reply_with(c, wire_error_http_status(code), "application/json", json, n, retry_after_ms);
}

void http_exchange_reply_text(struct conn *c, int status, const char *text, uint32_t retry_after_ms)
{
	if (c->http != NULL)
		drop_body(c);
	reply_with(c, status, "text/plain", text, strlen(text), retry_after_ms);
}

void http_exchange_refuse_text(struct conn *c, int status, const char *text, const char *headers)
{
	struct http_exchange *e = c->http;

	drop_body(c);
	struct http_reply reply = {
		.status = status,
		.type = "text/plain",
		.headers = headers,
		.close = c->close_after_reply,
		.head_only = e->method == HTTP_HEAD,
	};
	http_reply_append(&c->out, c, &reply, text, strlen(text));
	http_exchange_ready(c);
}

void conn_set_cookie(struct conn *c, const char *token)
{
	struct http_exchange *e = c->http;

	if (e == NULL)
		return;
	size_t n = token != NULL ? strlen(token) : 0;
	assert(n < sizeof e->new_token);
	e->sets_cookie = true;
	memcpy(e->new_token, token != NULL ? token : "", n + 1);
}

void conn_renew_cookie(struct conn *c)
{
	if (c->http != NULL && c->http->token_is_cookie)
		conn_set_cookie(c, c->http->token);
}

void http_exchange_sign_in_with(struct http_exchange *e, const struct credentials *credentials)
{
	if (credentials->token[0] != '\0')
		e->token = mem_strndup(credentials->token, strlen(credentials->token));
	e->token_is_cookie = credentials->is_cookie;
	e->cookie = credentials->cookie;
}

/* ---- reading ---- */

/* An HTTP/1.0 client keeps the connection only when the answer says so too. Otherwise it reads the answer until the end of the connection. */
static bool client_wants_close(const struct http_request *r)
{
	return r->is_http_10 || http_request_lists(r, "connection", "close");
}

static void make_exchange(struct conn *c, const struct http_request *r)
{
	struct http_exchange *e = mem_new(struct http_exchange);

	e->conn = c;
	list_init(&e->probe_link);
	e->method = r->method;
	e->body_left = r->content_length > 0 ? (size_t)r->content_length : 0;
	e->expects_go_on = !r->is_http_10 && http_request_field(r, "expect", NULL) != NULL;
	e->awaits_body = r->method == HTTP_POST;
	c->http = e;
	c->close_after_reply = c->server->leaving || client_wants_close(r);
	if (c->server->leaving)
		c->reason = CLOSE_GOING_AWAY;
}

static void end_body(struct conn *c)
{
	struct http_exchange *e = c->http;

	e->awaits_body = false;
	conn_set_deadline(c, CONN_WORKING, 0);
	if (e->is_ready)
		conn_mark_dirty(c);
	else
		http_run(c);
}

static void begin_body(struct conn *c)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct http_exchange *e = c->http;

	if (e->body_left == 0)
		end_body(c);
	else
		conn_set_deadline(c, CONN_BODY, c->server->config.limits.body_ms);
	if (e->awaits_body && e->expects_go_on)
		conn_write_raw(c, (const uint8_t *)go_on, sizeof go_on - 1);
}

void http_exchange_go_on(struct conn *c)
{
	if (c->http != NULL && c->http->awaits_body)
		begin_body(c);
}

/* Checks what this server demands beyond RFC 9112. Returns NULL when the request is right. */
static const char *form_fault(const struct http_request *r, int *status)
{
	*status = 400;
	if (r->method != HTTP_POST && r->content_length > 0)
		return "a body where none is expected";
	*status = 411;
	return r->method == HTTP_POST && r->content_length == HTTP_NO_LENGTH ? "Content-Length is missing" : NULL;
}

static void begin(struct conn *c, const struct http_request *r)
{
	uint64_t body_max = http_body_max(c, r);
	int status;
	const char *fault = form_fault(r, &status);

	credentials_identify(c, r);
	if (fault != NULL) {
		http_refuse_now(c, WIRE_INVALID_REQUEST, status, fault, NULL);
		return;
	}
	if (upgrade_is_asked(r) && !c->is_ops) {
		upgrade(c, r);
		return;
	}
	if (!credentials_admit_client(c)) {
		http_refuse_address(c, "too many connections from this address", NET_CROWDED_RETRY_MS);
		return;
	}
	make_exchange(c, r);
	if (body_max > 0 && r->content_length > (int64_t)body_max) {
		answer_without_body(c);
		http_refuse_body(c, r);
		return;
	}
	http_route(c, r);
	if (c->http == NULL)
		return; /* it has become a stream */
	if (c->http->awaits_body && !c->is_held)
		begin_body(c);
	else
		conn_set_deadline(c, CONN_WORKING, 0);
}

static void refuse_head(struct conn *c, const struct http_request *r)
{
	enum wire_error code = r->status == 431 ? WIRE_TOO_LARGE : r->status == 405 ? WIRE_METHOD_NOT_ALLOWED : WIRE_INVALID_REQUEST;

	http_refuse_now(c, code, r->status, r->fault, r->status == 405 ? "Allow: GET, HEAD, POST\r\n" : NULL);
}

static size_t read_head(struct conn *c, const uint8_t *bytes, size_t n)
{
	struct http_request r;
	uint64_t most = c->server->config.limits.head_bytes;
	enum http_request_result result = http_request_read((const char *)bytes, n, &r);
	size_t n_head = result == HTTP_REQUEST_WHOLE ? r.n_bytes : n;

	c->asks_head = result != HTTP_REQUEST_MORE && r.method == HTTP_HEAD;
	if (result == HTTP_REQUEST_BAD) {
		refuse_head(c, &r);
	} else if (n_head > most) {
		http_refuse_now(c, WIRE_TOO_LARGE, 431, "the head is larger than the limit head_bytes", NULL);
	} else if (result == HTTP_REQUEST_MORE) {
		if (c->phase == CONN_IDLE)
			conn_set_deadline(c, CONN_HEAD, c->server->config.limits.header_ms);
		return 0;
	} else {
		begin(c, &r);
	}
	return n_head;
}

static size_t read_body(struct conn *c, const uint8_t *bytes, size_t n)
{
	struct http_exchange *e = c->http;
	size_t take = n < e->body_left ? n : e->body_left;

	if (!e->is_refused)
		buf_append(&e->body, bytes, take);
	e->body_left -= take;
	if (e->body_left == 0)
		end_body(c);
	return take;
}

size_t http_exchange_read(struct conn *c, const uint8_t *bytes, size_t n)
{
	return c->http != NULL ? read_body(c, bytes, n) : read_head(c, bytes, n);
}
