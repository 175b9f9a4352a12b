/*
 * Reads the frames of a WebSocket client (RFC 6455 section 5) and hands whole messages to the chat. A frame is taken when it is whole. A wrong frame
 * is refused by its header, before anything of it is kept. Binary messages are refused. Text that is not UTF-8 is refused when its message is whole.
 */
#include "codec/ws_frame.h"
#include "command/requests.h"
#include "net/conn/conn.h"
#include "net/conn/utf8.h"

#include <errno.h>

enum { CLOSE_CODE_BYTES = 2 };

/* Fails the connection (RFC 6455 section 7.1.7): everything that arrives from now on is ignored, the client's close frame included. */
static void fail(struct conn *c, enum close_reason reason)
{
	c->close_came = true;
	conn_close(c, reason);
	conn_mark_dirty(c);
}

static bool is_control(const struct ws_frame *f)
{
	return f->opcode >= WS_OP_CLOSE;
}

/* Checks a header. Returns 0, or the reason for the refusal. No extension is negotiated, so the reserved bits are zero. Each frame of a client has
 * a mask. */
static int check_header(const struct conn *c, const struct ws_frame *f, enum close_reason *reason)
{
	uint64_t limit = c->server->config.limits.frame_bytes;
	bool continues = f->opcode == WS_OP_CONTINUATION;

	*reason = CLOSE_PROTOCOL;
	if (f->rsv != 0 || !f->masked || (f->opcode > WS_OP_BINARY && f->opcode < WS_OP_CLOSE) || f->opcode > WS_OP_PONG)
		return -EPROTO;
	if (is_control(f))
		return 0;
	if (continues != c->in_message)
		return -EPROTO;
	*reason = CLOSE_NOT_TEXT;
	if (f->opcode == WS_OP_BINARY)
		return -EPROTO;
	*reason = CLOSE_TOO_BIG;
	return limit > 0 && (f->payload_bytes > limit || c->pieces.len > limit - f->payload_bytes) ? -EMSGSIZE : 0;
}

/* Whether the code may be in a close frame (RFC 6455 section 7.4). */
static bool is_close_code(unsigned code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) || (code >= 3000 && code <= 4999);
}

static void take_close(struct conn *c, const uint8_t *payload, size_t n)
{
	unsigned code = n >= CLOSE_CODE_BYTES ? (unsigned)payload[0] << 8 | payload[1] : 0;

	if (n == 0)
		conn_close_came(c, 0);
	else if (n < CLOSE_CODE_BYTES || !is_close_code(code))
		fail(c, CLOSE_PROTOCOL);
	else if (!utf8_valid(payload + CLOSE_CODE_BYTES, n - CLOSE_CODE_BYTES))
		fail(c, CLOSE_NOT_UTF8);
	else
		conn_close_came(c, (uint16_t)code);
}

static void take_control(struct conn *c, const struct ws_frame *f, const uint8_t *payload, size_t n)
{
	if (f->opcode == WS_OP_CLOSE)
		take_close(c, payload, n);
	else if (f->opcode == WS_OP_PING && !c->is_closing)
		conn_pong(c, payload, n);
}

static void deliver(struct conn *c, const uint8_t *bytes, size_t n)
{
	if (utf8_valid(bytes, n))
		session_frame(c->session, bytes, n);
	else
		fail(c, CLOSE_NOT_UTF8);
}

static void take_text(struct conn *c, const struct ws_frame *f, const uint8_t *payload, size_t n)
{
	bool is_first = !c->in_message;

	c->in_message = !f->fin;
	if (is_first && f->fin) {
		deliver(c, payload, n);
		return;
	}
	buf_append(&c->pieces, payload, n);
	if (!f->fin)
		return;
	struct buf whole = c->pieces;
	c->pieces = BUF_INIT;
	deliver(c, whole.data, whole.len);
	buf_finish(&whole);
}

size_t ws_read(struct conn *c, uint8_t *bytes, size_t n)
{
	struct ws_frame f;
	enum close_reason reason;
	int whole = ws_frame_read_header(bytes, n, &f);

	if (whole < 0) {
		fail(c, CLOSE_PROTOCOL);
		return n;
	}
	if (whole == 0)
		return 0;
	if (check_header(c, &f, &reason) < 0) {
		fail(c, reason);
		return n;
	}
	if (n - f.header_bytes < f.payload_bytes)
		return 0;
	uint8_t *payload = bytes + f.header_bytes;
	size_t n_payload = (size_t)f.payload_bytes;
	ws_frame_mask(payload, n_payload, f.mask, 0);
	if (is_control(&f))
		take_control(c, &f, payload, n_payload);
	else if (c->is_closing)
		c->in_message = !f.fin; /* the client may finish its message first */
	else
		take_text(c, &f, payload, n_payload);
	return f.header_bytes + n_payload;
}
