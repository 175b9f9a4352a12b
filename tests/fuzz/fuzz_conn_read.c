/*
 * The server's reader of WebSocket frames gets any bytes in any pieces, and the chat may be slow. Exactly the whole texts of valid UTF-8 within the size limit
 * come out, in order. Pings are answered in order. The first frame that breaks RFC 6455 closes the connection for its reason.
 *
 * An input is a row of steps, each of a control byte, and for a frame its bytes:
 *
 *     0b111xxxsp  from now on the chat wants nothing (p = 1), or what it gets (p = 0); s: the next frames come in pieces of 3 bytes
 *     0b110ooooo  rubbish: the next o bytes come as they are, unframed
 *     0blllooocf  a frame: f the last of its message; ooo its opcode (see opcodes); c: control bits follow in a byte (reserved bits, no mask, a longer
 *                 form of the length); lll = 0: a byte with its length / 16 follows, else its length less one
 *
 * The expected result is worked out separately, from the same bytes, by a reader that has all of them at once.
 */
#include "codec/ws_frame.h"
#include "command/requests.h"
#include "net/conn/conn.h"
#include "net/conn/utf8.h"
#include "net/http/http_exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { LIMIT_BYTES = 1000, OPEN = -1 };

/* What comes out: texts and pongs, each behind its kind and length; and how it ended. */
struct outcome {
	struct buf said;
	int closed_by; /* enum close_reason, or OPEN */
	int code;      /* of the client's close frame, or OPEN */
};

static struct outcome seen;
static bool wants_nothing;

static void put(struct outcome *o, char kind, const uint8_t *bytes, size_t n)
{
	buf_append_byte(&o->said, (uint8_t)kind);
	buf_append(&o->said, &n, sizeof n);
	buf_append(&o->said, bytes, n);
}

/* ---- the rest of the server, as far as conn_read.c and ws_read.c see it ---- */

void lws_set_timeout(struct lws *wsi, enum pending_timeout reason, int secs)
{
	(void)wsi, (void)reason, (void)secs;
	abort(); /* of TLS connections only */
}

void conn_mark_dirty(struct conn *c)
{
	(void)c;
}

void heartbeat_heard(struct conn *c)
{
	(void)c;
}

bool conn_reads(const struct conn *c)
{
	return c->is_closing || !wants_nothing;
}

void conn_close(struct conn *c, enum close_reason reason)
{
	assert(seen.closed_by == OPEN && seen.code == OPEN);
	seen.closed_by = (int)reason;
	c->is_closing = true;
}

void conn_close_came(struct conn *c, uint16_t code)
{
	assert(seen.closed_by == OPEN && seen.code == OPEN);
	seen.code = code;
	c->close_came = c->is_closing = true;
}

void conn_pong(struct conn *c, const uint8_t *payload, size_t n)
{
	(void)c;
	put(&seen, 'p', payload, n);
}

void session_frame(struct session *s, const uint8_t *bytes, size_t n)
{
	(void)s;
	assert(!wants_nothing);
	put(&seen, 't', bytes, n);
}

size_t http_exchange_read(struct conn *c, const uint8_t *bytes, size_t n)
{
	(void)c, (void)bytes, (void)n;
	abort();
}

/* ---- the expected result: RFC 6455 once more, byte by byte over the whole input ---- */

struct model {
	struct outcome out;
	struct buf message;
	bool in_message;
};

static bool ended(const struct model *m)
{
	return m->out.closed_by != OPEN || m->out.code != OPEN;
}

static void expect_close(struct model *m, const uint8_t *payload, size_t n)
{
	int code = n >= 2 ? payload[0] * 256 + payload[1] : 0;
	bool is_known = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code < 5000);

	if (n == 1 || (n > 0 && !is_known))
		m->out.closed_by = CLOSE_PROTOCOL;
	else if (n > 2 && !utf8_valid(payload + 2, n - 2))
		m->out.closed_by = CLOSE_NOT_UTF8;
	else
		m->out.code = code;
}

static void expect_data(struct model *m, unsigned opcode, bool fin, const uint8_t *payload, size_t n)
{
	(void)opcode;
	buf_append(&m->message, payload, n);
	m->in_message = !fin;
	if (!fin)
		return;
	if (utf8_valid(m->message.data, m->message.len))
		put(&m->out, 't', m->message.data, m->message.len);
	else
		m->out.closed_by = CLOSE_NOT_UTF8;
	buf_clear(&m->message);
}

/* The length's own bytes, behind the first two: how many, and the number that they make (or the first two do). */
static size_t read_length(const uint8_t *at, size_t n, uint64_t *length)
{
	size_t more = (at[1] & 127) == 126 ? 2 : (at[1] & 127) == 127 ? 8 : 0;

	*length = more > 0 ? 0 : at[1] & 127;
	for (size_t i = 0; i < more && i + 2 < n; i++)
		*length = *length * 256 + at[2 + i];
	return more;
}

/* One frame; how many bytes it has, 0 when it is not whole. */
static size_t expect_frame(struct model *m, const uint8_t *at, size_t n)
{
	uint64_t length;

	if (n < 2)
		return 0;
	unsigned opcode = at[0] & 15;
	bool fin = at[0] & 128, is_control = opcode >= 8, is_masked = at[1] & 128;
	size_t more = read_length(at, n, &length), head = 2 + more + (is_masked ? 4 : 0);
	bool is_short_enough = more == 0 || (more == 2 && length >= 126) || (more == 8 && length > 65535 && length >> 63 == 0);

	if (is_control && (more > 0 || !fin))
		m->out.closed_by = CLOSE_PROTOCOL;
	else if (n >= 2 + more && !is_short_enough)
		m->out.closed_by = CLOSE_PROTOCOL;
	if (ended(m) || n < head)
		return 0;
	if ((at[0] & 0x70) != 0 || !is_masked || (opcode > 2 && opcode < 8) || opcode > 10 ||
	    (!is_control && (opcode == 0) != m->in_message))
		m->out.closed_by = CLOSE_PROTOCOL;
	else if (opcode == 2)
		m->out.closed_by = CLOSE_NOT_TEXT;
	else if (!is_control && (length > LIMIT_BYTES || m->message.len + length > LIMIT_BYTES))
		m->out.closed_by = CLOSE_TOO_BIG;
	if (ended(m) || n - head < length)
		return 0;
	uint8_t payload[65536];
	for (size_t i = 0; i < length; i++)
		payload[i] = at[head + i] ^ at[head - 4 + i % 4];
	if (opcode == WS_OP_CLOSE)
		expect_close(m, payload, (size_t)length);
	else if (opcode == WS_OP_PING)
		put(&m->out, 'p', payload, (size_t)length);
	else if (opcode < 8)
		expect_data(m, opcode, fin, payload, (size_t)length);
	return head + (size_t)length;
}

static void expect_all(struct model *m, const struct buf *sent)
{
	size_t at = 0, used;

	while (!ended(m) && at < sent->len && (used = expect_frame(m, sent->data + at, sent->len - at)) > 0)
		at += used;
}

/* ---- the steps ---- */

/* In an exact copy, so that no more than the piece may be read. */
static void send_bytes(struct conn *c, struct buf *sent, const uint8_t *bytes, size_t n, size_t piece)
{
	buf_append(sent, bytes, n);
	for (size_t at = 0; at < n; at += piece) {
		size_t size = n - at < piece ? n - at : piece;
		uint8_t *exact = malloc(size);
		assert(exact != NULL);
		memcpy(exact, bytes + at, size);
		conn_take(c, exact, size);
		free(exact);
	}
}

/* Makes a frame of the payload. Bits of `odd`: 1, 2, 4 reserved; 8 no mask; 16 and 32 a longer form of the length. */
static void make_frame(struct buf *out, unsigned opcode, bool fin, unsigned odd, const uint8_t *payload, size_t n)
{
	static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
	bool is_masked = !(odd & 8);
	unsigned form = odd & 32 ? 127 : (odd & 16) || n > 125 ? 126 : (unsigned)n;

	buf_append_byte(out, (uint8_t)((fin ? 128 : 0) | (odd & 7) << 4 | opcode));
	buf_append_byte(out, (uint8_t)((is_masked ? 128 : 0) | form));
	for (size_t i = form == 127 ? 8 : form == 126 ? 2 : 0; i > 0; i--)
		buf_append_byte(out, (uint8_t)((uint64_t)n >> (8 * (i - 1))));
	if (is_masked)
		buf_append(out, mask, sizeof mask);
	for (size_t i = 0; i < n; i++)
		buf_append_byte(out, is_masked ? payload[i] ^ mask[i % 4] : payload[i]);
}

static size_t step(struct conn *c, struct buf *sent, const uint8_t *data, size_t n, size_t *piece)
{
	static const unsigned opcodes[8] = {WS_OP_TEXT, WS_OP_CONTINUATION, WS_OP_PING, WS_OP_PONG, WS_OP_CLOSE, WS_OP_BINARY, 3, 11};
	uint8_t control = data[0];
	size_t used = 1, length = control >> 5;
	auto_buf frame = BUF_INIT;

	if (length == 7) {
		wants_nothing = control & 1;
		*piece = control & 2 ? 3 : 200;
		conn_read_on(c);
		return used;
	}
	if (length == 6) {
		length = (size_t)(control & 31) < n - used ? (size_t)(control & 31) : n - used;
		send_bytes(c, sent, data + used, length, *piece);
		return used + length;
	}
	unsigned odd = (control & 2) && n > used ? data[used++] : 0;
	if (length == 0 && n > used)
		length = (size_t)data[used++] * 16;
	else if (length > 0)
		length--;
	length = length < n - used ? length : n - used;
	make_frame(&frame, opcodes[control >> 2 & 7], control & 1, odd, data + used, length);
	send_bytes(c, sent, frame.data, frame.len, *piece);
	return used + length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct metrics metrics;
	struct net_server *server = calloc(1, sizeof *server);
	char a_session, a_socket;
	struct conn c = {.server = server,
			 .session = (struct session *)(void *)&a_session,
			 .wsi = (struct lws *)(void *)&a_socket,
			 .is_websocket = true};
	struct model expected = {.out = {.closed_by = OPEN, .code = OPEN}};
	struct buf sent = BUF_INIT;
	size_t piece = 200;

	assert(server != NULL);
	server->metrics = &metrics;
	server->config.limits.frame_bytes = LIMIT_BYTES;
	seen = (struct outcome){.closed_by = OPEN, .code = OPEN};
	wants_nothing = false;
	while (n > 0 && sent.len < 65536) {
		size_t used = step(&c, &sent, data, n, &piece);
		data += used;
		n -= used;
	}
	wants_nothing = false;
	conn_read_on(&c);
	expect_all(&expected, &sent);
	assert(seen.closed_by == expected.out.closed_by && seen.code == expected.out.code);
	assert(seen.said.len == expected.out.said.len &&
	       (seen.said.len == 0 || memcmp(seen.said.data, expected.out.said.data, seen.said.len) == 0));
	assert(!c.close_came || c.in.len == 0);
	buf_finish(&c.in);
	buf_finish(&c.pieces);
	buf_finish(&sent);
	buf_finish(&expected.message);
	buf_finish(&expected.out.said);
	buf_finish(&seen.said);
	free(server);
	return 0;
}
