/*
 * From the pieces that the library hands up (at most NET_RX_BYTES each) to whole messages for the chat.
 *
 * The library has no limit for a message: it is refused by its announced length, before anything is kept. Binary messages are refused, and
 * text that is not UTF-8: the library checks each frame, but not that a message of several frames ends on a whole character.
 *
 * With TLS all of a record comes in one turn, hundreds of small messages, when the first of them have filled the outbox or the limit of requests
 * under way: the rest is kept here, each behind its length, and handed on when reading goes on.
 */
#include "base/memory.h"
#include "net/conn.h"
#include "net/utf8.h"

#include <stdlib.h>
#include <string.h>

struct conn_input {
	struct buf pieces; /* of a message that is not whole yet */
	struct buf kept;   /* whole messages that came although nothing was to be read, each behind its length */
};

static struct conn_input *input_of(struct conn *c)
{
	if (c->input == NULL)
		c->input = mem_new(struct conn_input);
	return c->input;
}

void conn_read_finish(struct conn *c)
{
	if (c->input == NULL)
		return;
	buf_finish(&c->input->pieces);
	buf_finish(&c->input->kept);
	free(c->input);
	c->input = NULL;
}

size_t conn_read_pieces(const struct conn *c)
{
	return c->input != NULL ? c->input->pieces.len : 0;
}

static bool has_kept(const struct conn *c)
{
	return c->input != NULL && c->input->kept.len > 0;
}

/* One of the two, which is the caller's from now on. */
static struct buf take(struct conn *c, struct buf *of_input)
{
	struct buf taken = *of_input;

	*of_input = BUF_INIT;
	if (conn_read_pieces(c) == 0 && !has_kept(c))
		conn_read_finish(c);
	return taken;
}

/* Closes with this reason as soon as the socket has taken what is under way. The answer of the library's callback. */
static int refuse(struct conn *c, enum close_reason reason)
{
	if (conn_read_pieces(c) > 0) {
		struct buf pieces = take(c, &c->input->pieces);
		buf_finish(&pieces);
	}
	if (c->out.len == 0 && !lws_partial_buffered(c->wsi))
		return conn_refuse_now(c, reason);
	conn_close(c, reason);
	return 0;
}

static int deliver(struct conn *c, const uint8_t *bytes, size_t n)
{
	if (!utf8_valid(bytes, n))
		return refuse(c, CLOSE_NOT_UTF8);
	if (!has_kept(c) && !conn_shall_pause(c)) {
		session_frame(c->session, bytes, n);
		return 0;
	}
	struct buf *kept = &input_of(c)->kept;
	buf_append(kept, &n, sizeof n);
	buf_append(kept, bytes, n);
	conn_mark_dirty(c);
	return 0;
}

void conn_read_kept(struct conn *c, bool all)
{
	size_t at = 0, n;

	if (!has_kept(c))
		return;
	struct buf kept = take(c, &c->input->kept);
	while (at < kept.len && c->session != NULL && !c->is_closing && (all || !conn_shall_pause(c))) {
		memcpy(&n, kept.data + at, sizeof n);
		session_frame(c->session, kept.data + at + sizeof n, n);
		at += sizeof n + n;
	}
	if (!c->is_closing && at < kept.len)
		buf_append(&input_of(c)->kept, kept.data + at, kept.len - at);
	buf_finish(&kept);
}

int conn_read(struct conn *c, const uint8_t *bytes, size_t n)
{
	uint64_t limit = c->server->config.limits.frame_bytes;
	size_t before = conn_read_pieces(c);

	if (c->is_closing || c->session == NULL)
		return 0;
	heartbeat_heard(c);
	metric_add(&c->server->metrics->bytes_in_total, n);
	if (lws_frame_is_binary(c->wsi))
		return refuse(c, CLOSE_NOT_TEXT);
	if (limit > 0 && before + n + lws_remaining_packet_payload(c->wsi) > limit)
		return refuse(c, CLOSE_TOO_BIG);
	bool is_whole = lws_remaining_packet_payload(c->wsi) == 0 && lws_is_final_fragment(c->wsi);
	if (is_whole && before == 0)
		return deliver(c, bytes, n);
	if (n > 0)
		buf_append(&input_of(c)->pieces, bytes, n);
	if (!is_whole)
		return 0;
	struct buf whole = take(c, &c->input->pieces);
	int result = deliver(c, whole.data, whole.len);
	buf_finish(&whole);
	return result;
}
