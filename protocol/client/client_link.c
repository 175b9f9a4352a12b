/*
 * The client's side of RFC 6455 over one non-blocking socket, with or without TLS.
 */
#include "client/client_link.h"

#include "client/client_clock.h"
#include "client/client_handshake.h"
#include "client/client_random.h"
#include "client/client_socket.h"
#include "client/client_tls.h"
#include "codec/ws_frame.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 65536 };
_Static_assert(READ_BYTES >= (int)CLIENT_TLS_RECORD_BYTES,
	       "what TLS took from the socket is read whole: poll(2) knows nothing of the rest");

struct client_link {
	int fd;
	struct client_tls *tls; /* owned; NULL: none */
	struct buf in;          /* the bytes from in_used on are not read yet */
	size_t in_used;
	struct buf out;     /* frames that the socket did not take yet */
	struct buf message; /* fragments of a message, or the last whole one */
	bool in_message;    /* the first fragment has arrived, and the last one has not */
	bool message_given; /* `message` was handed out; the next call may empty it */
	bool goodbye_said;
	unsigned close_code; /* of the server's closing frame; 0: none has arrived */
	struct client_fault end;
};

/* Waits for the socket until a time of client_clock_ms(). Returns false when the time is over. */
static bool wait_for(int fd, short events, int64_t until_ms)
{
	struct pollfd waiting = {.fd = fd, .events = events};
	int n;

	do {
		int64_t left_ms = until_ms - client_clock_ms();
		n = left_ms > 0 ? poll(&waiting, 1, (int)left_ms) : 0;
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

static ssize_t read_some(struct client_link *l, void *out, size_t n)
{
	return l->tls != NULL ? client_tls_read(l->tls, out, n) : recv(l->fd, out, n, 0);
}

static ssize_t write_some(struct client_link *l, const void *bytes, size_t n)
{
	return l->tls != NULL ? client_tls_write(l->tls, bytes, n) : send(l->fd, bytes, n, MSG_NOSIGNAL);
}

static bool start_tls(struct client_link *l, const struct client_url *url, const char *ca_file, uint32_t timeout_ms,
		      struct client_fault *fault)
{
	int64_t until_ms = client_clock_ms() + timeout_ms;
	short events;
	int done;

	l->tls = client_tls_create(l->fd, url->host, &(struct client_trust){.ca_file = ca_file, .option = "--ca-file"}, fault);
	if (l->tls == NULL)
		return false;
	while ((done = client_tls_handshake(l->tls, &events, fault)) == 0) {
		if (wait_for(l->fd, events, until_ms))
			continue;
		client_fault_set(fault, "the server at %s does not answer", url->host_header);
		return false;
	}
	return done > 0;
}

static bool shake_hands(struct client_link *l, const struct client_url *url, uint32_t timeout_ms, struct client_fault *fault)
{
	struct client_handshake handshake;
	uint8_t random[WS_KEY_BYTES];
	int64_t until_ms = client_clock_ms() + timeout_ms;
	long head = 0;

	client_random_bytes(random, sizeof random);
	client_handshake_init(&handshake, random);
	client_handshake_request(&handshake, url->host_header, &l->out);
	while (head == 0) {
		if (client_link_flush(l) != 0 || !wait_for(l->fd, client_link_wants_write(l) ? POLLIN | POLLOUT : POLLIN, until_ms)) {
			client_fault_set(fault, "the server at %.200s does not answer", url->is_unix ? url->path : url->host_header);
			return false;
		}
		int gone = client_link_receive(l);
		head = client_handshake_check(&handshake, l->in.data, l->in.len, fault);
		if (head == 0 && gone != 0) {
			client_fault_set(fault, "the server closed the connection during the handshake");
			return false;
		}
	}
	if (head > 0)
		l->in_used = (size_t)head;
	return head > 0;
}

struct client_link *client_link_open(const struct client_url *url, const char *ca_file, uint32_t timeout_ms, struct client_fault *fault)
{
	int fd = client_socket_connect(url, timeout_ms, fault);

	if (fd < 0)
		return NULL;
	struct client_link *l = calloc(1, sizeof *l);
	assert(l != NULL);
	l->fd = fd;
	if ((url->is_tls && !start_tls(l, url, ca_file, timeout_ms, fault)) || !shake_hands(l, url, timeout_ms, fault)) {
		client_link_destroy(l);
		return NULL;
	}
	return l;
}

void client_link_destroy(struct client_link *l)
{
	if (l == NULL)
		return;
	client_tls_destroy(l->tls);
	(void)close(l->fd);
	buf_finish(&l->in);
	buf_finish(&l->out);
	buf_finish(&l->message);
	free(l);
}

int client_link_fd(const struct client_link *l)
{
	return l->fd;
}

bool client_link_wants_write(const struct client_link *l)
{
	return l->out.len > 0;
}

const char *client_link_end(const struct client_link *l)
{
	return l->end.text[0] == '\0' ? "the connection ended" : l->end.text;
}

unsigned client_link_close_code(const struct client_link *l)
{
	return l->close_code;
}

static void append_frame(struct client_link *l, uint8_t opcode, const void *payload, size_t n)
{
	uint8_t mask[4];

	client_random_bytes(mask, sizeof mask);
	buf_append_byte(&l->out, (uint8_t)(0x80 | opcode));
	if (n < 126) {
		buf_append_byte(&l->out, (uint8_t)(0x80 | n));
	} else {
		unsigned length_bytes = n < 65536 ? 2 : 8;
		buf_append_byte(&l->out, n < 65536 ? 0x80 | 126 : 0x80 | 127);
		for (unsigned i = length_bytes; i-- > 0;)
			buf_append_byte(&l->out, (uint8_t)((uint64_t)n >> (8 * i)));
	}
	buf_append(&l->out, mask, sizeof mask);
	if (n > 0) {
		size_t at = l->out.len;
		buf_append(&l->out, payload, n);
		ws_frame_mask(l->out.data + at, n, mask, 0);
	}
}

void client_link_send(struct client_link *l, const char *text, size_t n)
{
	if (!l->goodbye_said)
		append_frame(l, WS_OP_TEXT, text, n);
}

void client_link_ping(struct client_link *l)
{
	if (!l->goodbye_said)
		append_frame(l, WS_OP_PING, "parley", 6);
}

void client_link_say_goodbye(struct client_link *l)
{
	static const uint8_t normal[2] = {1000 >> 8, 1000 & 255};

	if (!l->goodbye_said)
		append_frame(l, WS_OP_CLOSE, normal, sizeof normal);
	l->goodbye_said = true;
}

/* A server that refuses a message tells why and closes, and this side may still be writing then. */
static void read_last_words(struct client_link *l)
{
	ssize_t got;

	while (l->in.len < CLIENT_LINK_MESSAGE_MAX && (got = read_some(l, buf_reserve(&l->in, READ_BYTES), READ_BYTES)) > 0)
		l->in.len += (size_t)got;
}

int client_link_flush(struct client_link *l)
{
	while (l->out.len > 0) {
		ssize_t sent = write_some(l, l->out.data, l->out.len);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (sent < 0) {
			client_fault_set(&l->end, "the connection broke: %s", strerror(errno));
			read_last_words(l);
			return -EPIPE;
		}
		buf_consume(&l->out, (size_t)sent);
	}
	return 0;
}

int client_link_receive(struct client_link *l)
{
	buf_consume(&l->in, l->in_used);
	l->in_used = 0;
	for (;;) {
		ssize_t got = read_some(l, buf_reserve(&l->in, READ_BYTES), READ_BYTES);
		if (got > 0) {
			l->in.len += (size_t)got;
			return 0;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (got == 0)
			client_fault_set(&l->end, "the server closed the connection");
		else
			client_fault_set(&l->end, "the connection broke: %s", strerror(errno));
		return -ECONNRESET;
	}
}

static int broken(struct client_link *l, const char *how)
{
	client_fault_set(&l->end, "the server broke the WebSocket protocol: %s", how);
	return -EPROTO;
}

static int closed_by_server(struct client_link *l, const uint8_t *payload, size_t n)
{
	if (n >= 2)
		l->close_code = (unsigned)payload[0] << 8 | payload[1];
	if (n >= 2)
		client_fault_set(&l->end, "the server closed the connection: %u %.*s", l->close_code, (int)(n - 2),
				 (const char *)payload + 2);
	else
		client_fault_set(&l->end, "the server closed the connection");
	if (!l->goodbye_said)
		append_frame(l, WS_OP_CLOSE, payload, n >= 2 ? 2 : 0);
	l->goodbye_said = true;
	(void)client_link_flush(l);
	return -ECONNRESET;
}

/* Takes one whole frame. Returns 1 when it ends a message, 0 when it does not, or a negative errno. */
static int take_frame(struct client_link *l, const struct ws_frame *f, const uint8_t *payload)
{
	size_t n = (size_t)f->payload_bytes;

	switch (f->opcode) {
	case WS_OP_PING:
		if (!l->goodbye_said)
			append_frame(l, WS_OP_PONG, payload, n);
		(void)client_link_flush(l);
		return 0;
	case WS_OP_PONG:
		return 0;
	case WS_OP_CLOSE:
		return closed_by_server(l, payload, n);
	case WS_OP_TEXT:
		if (l->in_message)
			return broken(l, "a message began within another");
		break;
	case WS_OP_CONTINUATION:
		if (!l->in_message)
			return broken(l, "a fragment without a beginning");
		break;
	default:
		return broken(l, "only text was expected");
	}
	if (l->message.len + n > CLIENT_LINK_MESSAGE_MAX)
		return broken(l, "a message is too long");
	buf_append(&l->message, payload, n);
	l->in_message = !f->fin;
	return f->fin ? 1 : 0;
}

int client_link_next(struct client_link *l, const char **text, size_t *n)
{
	if (l->message_given)
		buf_clear(&l->message);
	l->message_given = false;
	for (;;) {
		struct ws_frame f;
		size_t waiting = l->in.len - l->in_used;
		int whole = waiting == 0 ? 0 : ws_frame_read_header(l->in.data + l->in_used, waiting, &f);
		if (whole < 0)
			return broken(l, "a bad frame header");
		if (whole == 0)
			return 0;
		if (f.masked || f.rsv != 0)
			return broken(l, "a masked or extended frame");
		if (f.payload_bytes > CLIENT_LINK_MESSAGE_MAX)
			return broken(l, "a frame is too long");
		if (waiting - f.header_bytes < f.payload_bytes)
			return 0;
		const uint8_t *payload = l->in.data + l->in_used + f.header_bytes;
		l->in_used += f.header_bytes + (size_t)f.payload_bytes;
		int ended = take_frame(l, &f, payload);
		if (ended < 0)
			return ended;
		if (ended == 1) {
			*n = l->message.len;
			buf_append_byte(&l->message, 0);
			*text = (const char *)l->message.data;
			l->message_given = true;
			return 1;
		}
	}
}
