#include "fake_conn.h"

#include "base/memory.h"
#include "codec/ws_frame.h"
#include "fake_clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static json_t *parse(const void *bytes, size_t n)
{
	json_t *json = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, NULL);
	assert(json);
	return json;
}

/* An event reaches many connections as the same bytes, and parsing is what tests of many events cost. */
static json_t *parse_once(const struct conn *c, const char *bytes, size_t n)
{
	json_t *json = json_incref(json_object_getn(c->known, bytes, n));
	if (!json) {
		json = parse(bytes, n);
		json_object_setn_nocheck(c->known, bytes, n, json);
	}
	return json;
}

struct conn *fake_conn_open(struct chat *c, const struct session_config *config)
{
	struct conn *conn = mem_new(struct conn);
	conn->outbox = json_array();
	conn->heard = json_array();
	conn->session = session_open(c, conn, config);
	return conn;
}

void fake_conn_close_session(struct conn *c)
{
	struct session *s = c->session;
	c->session = NULL; /* no conn_* call follows, says conn_port.h */
	if (s)
		session_close(s);
}

void fake_conn_free(struct conn *c)
{
	if (!c)
		return;
	fake_conn_close_session(c);
	json_decref(c->outbox);
	json_decref(c->heard);
	json_decref(c->known);
	buf_finish(&c->stream);
	free(c->cookie);
	free(c);
}

bool fake_conn_flush(struct conn *c)
{
	bool any = false;
	c->n_writes_now = 0;
	if (c->blocked || !c->session)
		return false;
	if (json_array_size(c->outbox)) {
		json_array_extend(c->heard, c->outbox);
		json_array_clear(c->outbox);
		any = true;
	}
	if (c->wants_writable && conn_writable(c)) {
		c->wants_writable = false;
		session_writable(c->session);
		any = true;
	}
	return any;
}

/* ---- conn_port.h ---- */

void conn_append(struct conn *c, const void *json, size_t n, enum wire_error code, uint32_t retry_after_ms)
{
	assert(c->session || !json_array_size(c->heard)); /* `hello` comes while the session is being opened */
	json_array_append_new(c->outbox, parse(json, n));
	c->last_code = code;
	c->last_retry_after_ms = retry_after_ms;
}

void conn_tell(struct conn *c, const void *json, size_t n)
{
	conn_append(c, json, n, WIRE_OK, 0);
}

void conn_prefetch(const struct conn *c)
{
	(void)c;
}

bool conn_is_full(const struct conn *c)
{
	return c->blocked;
}

bool conn_writable(const struct conn *c)
{
	bool full = c->writes_per_turn && c->n_writes_now >= c->writes_per_turn;
	return !c->blocked && !full && !c->is_closing && json_array_size(c->outbox) == 0;
}

void conn_write(struct conn *c, const uint8_t *bytes, size_t n)
{
	assert(c->session && conn_writable(c) && n > 0);
	c->n_written++;
	c->n_writes_now++;
	if (n > c->largest_write)
		c->largest_write = n;
	if (c->is_stream_started) {
		buf_append(&c->stream, bytes, n);
		return;
	}
	for (size_t at = 0; at < n;) {
		struct ws_frame frame;
		int whole = ws_frame_read_header(bytes + at, n - at, &frame);
		assert(whole == 1 && frame.fin && !frame.masked && frame.opcode == WS_OP_TEXT);
		(void)whole;
		at += frame.header_bytes;
		assert(frame.payload_bytes <= n - at); /* whole frames only */
		if (frame.payload_bytes + frame.header_bytes > c->largest_frame)
			c->largest_frame = frame.payload_bytes + frame.header_bytes;
		json_array_append_new(c->heard, parse_once(c, (const char *)bytes + at, frame.payload_bytes));
		at += frame.payload_bytes;
	}
	fake_clock_advance_ns(c->write_takes_ns);
}

void conn_want_writable(struct conn *c)
{
	assert(c->session);
	c->wants_writable = true;
	c->n_wanted++;
}

void conn_start_stream(struct conn *c, const uint8_t *first, size_t n)
{
	c->is_stream_started = true;
	buf_append(&c->stream, first, n);
}

void conn_set_cookie(struct conn *c, const char *token)
{
	free(c->cookie);
	c->cookie = token ? mem_strndup(token, strlen(token)) : NULL;
	c->cookie_deleted = !token;
}

void conn_renew_cookie(struct conn *c)
{
	c->cookie_renewed = true;
}

void conn_close(struct conn *c, enum close_reason reason)
{
	if (!c->is_closing)
		c->reason = reason;
	c->is_closing = true;
}

void conn_await_sign_in(struct conn *c, uint32_t in_ms)
{
	c->sign_in_in_ms = in_ms;
}

void conn_hold_reading(struct conn *c, bool held)
{
	c->is_held = held;
}

void conn_all_answered(struct conn *c)
{
	(void)c;
}

const char *conn_address(const struct conn *c)
{
	(void)c;
	return "192.0.2.1";
}

int64_t conn_peer_uid(const struct conn *c)
{
	(void)c;
	return -1;
}

const uint8_t *conn_address_key(const struct conn *c)
{
	return c->key;
}
