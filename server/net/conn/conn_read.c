/*
 * Bytes from the socket go to a reader: http_exchange.c takes a head or body of HTTP, ws_read.c takes frames. A reader takes what is whole, from the
 * library's buffer where it can. This file keeps the rest. That is a part of a head, body or frame, or requests that arrive while the
 * connection is not read from; the socket is then paused at the end of the turn (conn_write.c). So the largest head or frame and one read of
 * the library (NET_READ_BYTES) bound what is kept.
 */
#include "net/conn/conn.h"
#include "net/http/http_exchange.h"

#include <string.h>

/* Returns true when arriving bytes do not matter. On a WebSocket that is being closed, the client's close frame still matters. */
static bool drops_input(const struct conn *c)
{
	return c->is_broken || c->is_stream || (c->is_closing && (!c->is_websocket || c->close_came));
}

/* Takes as many whole heads, bodies or frames as it may now. Returns how many bytes they had. */
static size_t take_whole(struct conn *c, uint8_t *bytes, size_t n)
{
	size_t used = 0;

	while (used < n && !drops_input(c) && conn_reads(c)) {
		size_t took = c->is_websocket ? ws_read(c, bytes + used, n - used) : http_exchange_read(c, bytes + used, n - used);
		if (took == 0)
			break;
		used += took;
	}
	return drops_input(c) ? n : used;
}

/* A head that arrives in small pieces is read again for each of its lines, at most HTTP_FIELDS_MAX, and not for each piece. */
static bool adds_nothing(const struct conn *c, const uint8_t *bytes, size_t n)
{
	return !c->is_websocket && c->http == NULL && memchr(bytes, '\n', n) == NULL &&
	       c->in.len + n <= c->server->config.limits.head_bytes;
}

void conn_take(struct conn *c, uint8_t *bytes, size_t n)
{
	metric_add(&c->server->metrics->bytes_in_total, n);
	if (c->is_tls && !c->is_heard)
		lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT,
				0); /* the library set its own timer when the TLS handshake ended; it keeps timers in one sorted list */
	c->is_heard = true;
	if (c->is_websocket)
		heartbeat_heard(c);
	if (c->in.len == 0) {
		size_t used = take_whole(c, bytes, n);
		if (used < n)
			buf_append(&c->in, bytes + used, n - used);
	} else if (drops_input(c)) {
		buf_finish(&c->in);
	} else if (adds_nothing(c, bytes, n)) {
		buf_append(&c->in, bytes, n);
	} else {
		buf_append(&c->in, bytes, n);
		conn_read_on(c);
	}
	if (!conn_reads(c))
		conn_mark_dirty(c); /* so that it is paused */
}

void conn_read_on(struct conn *c)
{
	if (c->in.len == 0)
		return;
	size_t used = take_whole(c, c->in.data, c->in.len);
	if (used == c->in.len)
		buf_finish(&c->in);
	else if (used > 0)
		buf_consume(&c->in, used);
}
