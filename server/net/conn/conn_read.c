/*
 * What the socket had goes to the reader of what the connection is: a head or body of HTTP (http_exchange.c), or frames (ws_read.c). A reader
 * takes what is whole, straight from the library's buffer where it can. The rest is kept here: a part of something, or more than the connection
 * is read from at the moment (then the socket is paused at the end of the turn, see conn_write.c). So what is kept is bounded by the largest
 * head or frame and one read of the library (NET_READ_BYTES).
 */
#include "net/conn/conn.h"
#include "net/http/http_exchange.h"

#include <string.h>

/* Nothing of what comes matters any more. Of a WebSocket that is being closed the client's close frame does. */
static bool drops_input(const struct conn *c)
{
	return c->is_broken || c->is_stream || (c->is_closing && (!c->is_websocket || c->close_came));
}

/* As many whole things as may be taken now. The number of bytes that are done with. */
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

/* A head that comes in drops is not read once more for each of them, but for each of its lines (of which there are HTTP_FIELDS_MAX). */
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
				0); /* set when the handshake ended, of which nobody told us; kept in one sorted list */
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
		conn_mark_dirty(c); /* to be paused */
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
