/*
 * All writing of a connection. conn_write_raw() is the one place that hands events and replies to the socket, or to the library.
 *
 * Everything goes out as bytes of whole frames. To the library the connection is a raw socket: it passes the bytes on and does not change them
 * (lws_issue_raw() of lib/core-net/output.c, in 4.1.6 and 4.3.5). The library copies what the socket does not take, and sends that first. While it
 * holds something back (lws_partial_buffered), nothing more is written and nothing is read. The library does not read from the socket then, but it
 * still wakes for it (rops_handle_POLLIN_raw_skt()).
 *
 * The slow reader: replies gather in the outbox. When the outbox passes limits.outbox_bytes, the connection is not read from until the outbox has
 * drained, so a client cannot ask for more than it takes. A client that is told more than it takes is closed. Events do not wait here: their reader
 * falls behind in the room's log.
 */
#include "codec/ws_frame.h"
#include "net/conn/conn.h"
#include "net/http/http_exchange.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

void conn_mark_dirty(struct conn *c)
{
	if (c->is_gone || c->is_broken || !list_empty(&c->dirty))
		return;
	list_append(&c->server->dirty, &c->dirty);
}

/* Returns how much a plain socket takes at once. Nearly always that is all. */
static size_t send_directly(const struct conn *c, const uint8_t *bytes, size_t n)
{
	if (c->is_tls || lws_partial_buffered(c->wsi))
		return 0;
	ssize_t sent = send(lws_get_socket_fd(c->wsi), bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	return sent > 0 ? (size_t)sent : 0; /* an error is the library's to find */
}

bool conn_write_raw(struct conn *c, const uint8_t *bytes, size_t n)
{
	if (c->is_gone || c->is_broken)
		return false;
	size_t sent = send_directly(c, bytes, n);
	metric_add(&c->server->metrics->bytes_out_total, n);
	if (sent == n)
		return true;
	/* The library's signature has no const, but the library only reads, see above. */
	if (lws_write(c->wsi, (unsigned char *)(uintptr_t)(bytes + sent), n - sent, LWS_WRITE_RAW) < 0) {
		conn_cut(c, END_BY_CLIENT);
		return false;
	}
	if (lws_partial_buffered(c->wsi))
		conn_mark_dirty(c); /* so that it is paused if something arrives */
	return true;
}

/* Returns the bytes of the whole frames at the front of the outbox. That is one frame at least, and at most NET_WRITE_BYTES unless the first frame
 * is longer. */
static size_t joined_frames(const struct buf *out)
{
	size_t n = 0;

	while (n < out->len) {
		struct ws_frame frame;
		int whole = ws_frame_read_header(out->data + n, out->len - n, &frame);
		assert(whole == 1); /* our own frames are right */
		size_t next = n + frame.header_bytes + (size_t)frame.payload_bytes;
		if (n > 0 && next > NET_WRITE_BYTES)
			break;
		n = next;
	}
	return n;
}

bool conn_reads(const struct conn *c)
{
	if (c->is_closing)
		return true; /* to the end */
	if (c->is_websocket)
		return !c->is_full && !c->is_held;
	return !c->is_held && !http_exchange_answers(c);
}

/*
 * Called at the end of the turn. A socket that is not read from is paused only when something arrives that has to wait, because most clients send
 * nothing in that time. A socket whose request is being answered is paused at once, so that a client that has closed its side still gets the
 * answer.
 */
static void control_reading(struct conn *c)
{
	bool waits = !conn_reads(c) && (c->in.len > 0 || !c->is_websocket);
	bool paused = !c->is_shut && (waits || lws_partial_buffered(c->wsi));

	if (c->is_paused == paused || c->is_gone || c->is_broken)
		return;
	c->is_paused = paused;
	lws_rx_flow_control(c->wsi, paused ? 0 : 1);
}

void conn_hold_reading(struct conn *c, bool held)
{
	c->is_held = held;
	if (!c->is_websocket && !held)
		http_exchange_go_on(c);
	if (c->in.len > 0 || !c->is_websocket)
		conn_mark_dirty(c);
}

void conn_all_answered(struct conn *c)
{
	if (c->is_closing)
		conn_mark_dirty(c);
}

/* Puts a whole frame without a mask into the outbox. */
static void append_frame(struct conn *c, unsigned opcode, const void *payload, size_t n)
{
	uint64_t limit = c->server->config.limits.outbox_bytes;
	uint8_t header[WS_FRAME_HEADER_MAX];
	size_t n_header = ws_frame_header(header, opcode, n);

	(void)buf_reserve(&c->out, n_header + n);
	buf_append(&c->out, header, n_header);
	buf_append(&c->out, payload, n);
	if (limit > 0 && c->out.len > limit)
		c->is_full = true;
	conn_mark_dirty(c);
}

void conn_pong(struct conn *c, const uint8_t *payload, size_t n)
{
	append_frame(c, WS_OP_PONG, payload, n);
}

void conn_append_close(struct conn *c, uint16_t code, const char *text)
{
	uint8_t payload[2 + 123]; /* RFC 6455 section 5.5: 125 in all */
	size_t n = strlen(text);

	assert(n <= sizeof payload - 2);
	payload[0] = (uint8_t)(code >> 8);
	payload[1] = (uint8_t)code;
	memcpy(payload + 2, text, n);
	append_frame(c, WS_OP_CLOSE, payload, code != 0 ? n + 2 : 0);
}

static void flush_outbox(struct conn *c)
{
	while (c->out.len > 0 && !c->is_broken && !lws_partial_buffered(c->wsi)) {
		size_t n = joined_frames(&c->out);
		if (!conn_write_raw(c, c->out.data, n))
			return;
		buf_consume(&c->out, n);
	}
	if (c->out.len > 0)
		return;
	buf_finish(&c->out);
	c->is_full = false;
}

void conn_flush(struct conn *c)
{
	if (c->is_gone || c->is_broken)
		return;
	if (!c->is_websocket && !c->is_stream) {
		http_exchange_flush(c);
		return;
	}
	if (c->is_websocket)
		flush_outbox(c);
	if (c->wants_writable && conn_writable(c)) {
		c->wants_writable = false;
		if (c->session != NULL)
			session_writable(c->session);
	}
}

void conn_took(struct conn *c)
{
	if (c->is_websocket || c->is_stream)
		heartbeat_heard(c); /* a slow peer that takes what was held back is not silent */
	conn_mark_dirty(c);
}

void conn_flush_all(struct net_server *s)
{
	struct list turn;

	list_init(&turn);
	list_splice(&turn, &s->dirty);
	while (!list_empty(&turn)) {
		struct conn *c = list_entry(turn.next, struct conn, dirty);
		list_remove(&c->dirty);
		conn_flush(c);
		conn_read_on(c);
		if (c->is_closing)
			conn_finish_close(c);
		control_reading(c);
	}
	conn_cut_dead(s);
	if (!list_empty(&s->dirty))
		loop_again(s->loop);
}

/* ---- conn_port.h ---- */

void conn_append(struct conn *c, const void *json, size_t n, enum wire_error code, uint32_t retry_after_ms)
{
	if (c->is_gone || c->is_broken)
		return;
	if (!c->is_websocket) {
		http_exchange_reply(c, json, n, code, retry_after_ms);
		return;
	}
	append_frame(c, WS_OP_TEXT, json, n);
}

void conn_append_text(struct conn *c, int status, const char *text, uint32_t retry_after_ms)
{
	if (!c->is_gone && !c->is_broken && !c->is_websocket)
		http_exchange_reply_text(c, status, text, retry_after_ms);
}

void conn_tell(struct conn *c, const void *json, size_t n)
{
	if (c->is_full && !c->is_gone && !c->is_broken && lws_partial_buffered(c->wsi))
		conn_close(c, CLOSE_TOO_SLOW);
	else if (!c->is_closing)
		conn_append(c, json, n, WIRE_OK, 0);
}

bool conn_is_full(const struct conn *c)
{
	return c->is_full;
}

bool conn_writable(const struct conn *c)
{
	return (c->is_websocket || c->is_stream) && !c->is_closing && !c->is_gone && !c->is_broken && c->out.len == 0 &&
	       !lws_partial_buffered(c->wsi);
}

void conn_write(struct conn *c, const uint8_t *bytes, size_t n)
{
	assert(conn_writable(c));
	conn_write_raw(c, bytes, n);
}

void conn_prefetch(const struct conn *c)
{
	if (!c)
		return;
	__builtin_prefetch(c);
	__builtin_prefetch(&c->out);
	__builtin_prefetch(&c->close_code);
}

void conn_want_writable(struct conn *c)
{
	c->wants_writable = true;
	/* While the library holds something back, it calls back as writable by itself when that has gone out. */
	if (!c->is_gone && !c->is_broken && !lws_partial_buffered(c->wsi)) {
		conn_mark_dirty(c);
		loop_again(c->server->loop);
	}
}
