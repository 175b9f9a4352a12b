/*
 * The server's reader of frames behind the library: whatever frames come, in whatever pieces, while the chat takes its time or not, exactly the
 * whole, short enough texts of UTF-8 come out, in order, and the first message that is none closes the connection for its reason.
 *
 * The library is played here: it hands up pieces of a frame and says what is left of it. An input is a row of steps, each of a control byte, and
 * for a frame its bytes:
 *
 *     0b111xxdhp  from now on the chat wants nothing (p = 1), or what it gets (p = 0); h: the socket holds bytes back; d: what was kept is
 *                 handed on first
 *     0blllbbxsf  a frame: f the last of its message; s in pieces of 3 bytes instead of 200; bb = 3 binary; lll = 0: a byte with its length / 16
 *                 follows, else its length less one
 */
#include "codec/wire_error.h"
#include "net/conn.h"
#include "net/utf8.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { LIMIT_BYTES = 1000 };

static struct now {
	size_t left; /* of the frame */
	bool is_final, is_binary, holds_back;
	bool wants_nothing;
	int closed_by; /* -1: not */
	struct buf heard;
} now;

/* ---- the library and the rest of the server, as far as conn_read.c sees them ---- */

int lws_frame_is_binary(struct lws *wsi)
{
	(void)wsi;
	return now.is_binary;
}

int lws_is_final_fragment(struct lws *wsi)
{
	(void)wsi;
	return now.is_final && now.left == 0;
}

size_t lws_remaining_packet_payload(struct lws *wsi)
{
	(void)wsi;
	return now.left;
}

int lws_partial_buffered(struct lws *wsi)
{
	(void)wsi;
	return now.holds_back;
}

void conn_mark_dirty(struct conn *c)
{
	(void)c;
}

void heartbeat_heard(struct conn *c)
{
	(void)c;
}

bool conn_shall_pause(const struct conn *c)
{
	(void)c;
	return now.wants_nothing;
}

void conn_close(struct conn *c, enum close_reason reason)
{
	assert(now.closed_by < 0);
	now.closed_by = (int)reason;
	c->is_closing = true;
}

int conn_refuse_now(struct conn *c, enum close_reason reason)
{
	conn_close(c, reason);
	return -1;
}

static void put_message(struct buf *b, const uint8_t *bytes, size_t n)
{
	buf_append(b, &n, sizeof n);
	buf_append(b, bytes, n);
}

void session_frame(struct session *s, const uint8_t *bytes, size_t n)
{
	(void)s;
	assert(!now.wants_nothing);
	put_message(&now.heard, bytes, n);
}

/* ---- what should come of it ---- */

struct expected {
	struct buf message; /* so far */
	bool in_message;
	int closed_by;
	struct buf heard;
};

static void expect_frame(struct expected *e, const uint8_t *bytes, size_t n)
{
	if (now.is_binary)
		e->closed_by = CLOSE_NOT_TEXT;
	else if (e->message.len + n > LIMIT_BYTES)
		e->closed_by = CLOSE_TOO_BIG;
	if (e->closed_by >= 0)
		return;
	buf_append(&e->message, bytes, n);
	e->in_message = !now.is_final;
	if (!now.is_final)
		return;
	if (utf8_valid(e->message.data, e->message.len))
		put_message(&e->heard, e->message.data, e->message.len);
	else
		e->closed_by = CLOSE_NOT_UTF8;
	buf_clear(&e->message);
}

/* ---- the steps ---- */

static void send_frame(struct conn *c, const struct expected *e, const uint8_t *bytes, size_t n, size_t piece)
{
	size_t at = 0;
	do {
		size_t size = n - at < piece ? n - at : piece;
		now.left = n - at - size;
		uint8_t *exact = malloc(size + 1); /* no more than the piece may be read */
		assert(exact != NULL);
		memcpy(exact, bytes + at, size);
		int result = conn_read(c, exact, size);
		free(exact);
		at += size;
		assert(result == 0 || now.closed_by >= 0);
		assert(e->closed_by < 0 || e->closed_by == CLOSE_NOT_UTF8 || now.closed_by >= 0); /* with the first piece */
		if (result != 0)
			return;
	} while (at < n);
}

static size_t step(struct conn *c, struct expected *e, const uint8_t *data, size_t n)
{
	uint8_t control = data[0];
	size_t used = 1, length = (size_t)(control >> 5);

	if (length == 7) {
		now.wants_nothing = control & 1;
		now.holds_back = control & 2;
		if (control & 4)
			conn_read_kept(c, false);
		return used;
	}
	if (length == 0 && n > 1)
		length = (size_t)data[used++] * 16;
	else if (length > 0)
		length--;
	length = length < n - used ? length : n - used;
	now.is_final = control & 1;
	if (!e->in_message)
		now.is_binary = ((control >> 3) & 3) == 3;
	expect_frame(e, data + used, length);
	send_frame(c, e, data + used, length, control & 2 ? 3 : 200);
	assert(now.closed_by == e->closed_by);
	assert(conn_read_pieces(c) == (e->closed_by < 0 ? e->message.len : 0));
	return used + length;
}

static bool begins_with(const struct buf *whole, const struct buf *part)
{
	return whole->len >= part->len && (part->len == 0 || memcmp(whole->data, part->data, part->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct metrics metrics;
	struct net_server *server = calloc(1, sizeof *server);
	char a_session, a_socket;
	struct conn c = {.server = server, .session = (struct session *)(void *)&a_session, .wsi = (struct lws *)(void *)&a_socket};
	struct expected e = {.closed_by = -1};

	assert(server != NULL);
	server->metrics = &metrics;
	server->config.limits.frame_bytes = LIMIT_BYTES;
	now = (struct now){.closed_by = -1};
	while (n > 0 && now.closed_by < 0) {
		size_t used = step(&c, &e, data, n);
		data += used;
		n -= used;
		assert(begins_with(&e.heard, &now.heard));
	}
	now.wants_nothing = false;
	conn_read_kept(&c, true);
	assert(begins_with(&e.heard, &now.heard) && (now.closed_by >= 0 || e.heard.len == now.heard.len));
	assert((c.input == NULL) == (conn_read_pieces(&c) == 0)); /* nothing is kept, and no empty structure either */
	conn_read_finish(&c);
	buf_finish(&e.message);
	buf_finish(&e.heard);
	buf_finish(&now.heard);
	free(server);
	return 0;
}
