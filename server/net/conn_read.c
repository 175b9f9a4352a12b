/*
 * From the pieces that the library hands up (at most NET_RX_BYTES each) to whole messages for the chat.
 *
 * The library has no limit for a message: it is refused by its announced length, before anything is kept. Binary messages are refused, and
 * text that is not UTF-8: the library checks each frame, but not that a message of several frames ends on a whole character.
 *
 * With TLS all of a record comes in one turn, hundreds of small messages, when the first of them have filled the outbox or the limit of requests
 * under way: the rest is kept here, each behind its length, and handed on when reading goes on.
 */
#include "net/conn.h"
#include "net/utf8.h"

#include <string.h>

/* Closes with this reason as soon as the socket has taken what is under way. The answer of the library's callback. */
static int refuse(struct conn *c, enum close_reason reason)
{
	buf_finish(&c->in);
	if (c->out.len == 0 && !lws_partial_buffered(c->wsi))
		return conn_refuse_now(c, reason);
	conn_close(c, reason);
	return 0;
}

static int deliver(struct conn *c, const uint8_t *bytes, size_t n)
{
	if (!utf8_valid(bytes, n))
		return refuse(c, CLOSE_NOT_UTF8);
	if (c->kept.len == 0 && !conn_shall_pause(c)) {
		session_frame(c->session, bytes, n);
		return 0;
	}
	buf_append(&c->kept, &n, sizeof n);
	buf_append(&c->kept, bytes, n);
	conn_mark_dirty(c);
	return 0;
}

void conn_read_kept(struct conn *c, bool all)
{
	struct buf kept = c->kept;
	size_t at = 0, n;

	if (kept.len == 0)
		return;
	c->kept = BUF_INIT;
	while (at < kept.len && c->session != NULL && !c->is_closing && (all || !conn_shall_pause(c))) {
		memcpy(&n, kept.data + at, sizeof n);
		session_frame(c->session, kept.data + at + sizeof n, n);
		at += sizeof n + n;
	}
	if (!c->is_closing)
		buf_append(&c->kept, kept.data + at, kept.len - at);
	buf_finish(&kept);
}

int conn_read(struct conn *c, const uint8_t *bytes, size_t n)
{
	uint64_t limit = c->server->config.limits.frame_bytes;

	if (c->is_closing || c->session == NULL)
		return 0;
	heartbeat_heard(c);
	metric_add(&c->server->metrics->bytes_in_total, n);
	if (lws_frame_is_binary(c->wsi))
		return refuse(c, CLOSE_NOT_TEXT);
	if (limit > 0 && c->in.len + n + lws_remaining_packet_payload(c->wsi) > limit)
		return refuse(c, CLOSE_TOO_BIG);
	if (lws_remaining_packet_payload(c->wsi) > 0 || !lws_is_final_fragment(c->wsi)) {
		buf_append(&c->in, bytes, n);
		return 0;
	}
	if (c->in.len == 0)
		return deliver(c, bytes, n);
	buf_append(&c->in, bytes, n);
	struct buf whole = c->in;
	c->in = BUF_INIT;
	int result = deliver(c, whole.data, whole.len);
	buf_finish(&whole);
	return result;
}
