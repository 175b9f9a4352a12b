/*
 * The WebSocket client against a scripted server on a Unix socket: a thread that shakes hands, says its bytes, and keeps what it hears.
 */
#include "cmocka_wrap.h"

#include "client/client_handshake.h"
#include "client/client_link.h"
#include "client/ws_handshake.h"
#include "codec/buf.h"
#include "codec/ws_frame.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	LIMIT_MS = 60000,  /* for what has to come */
	PATIENCE_MS = 300, /* of the client, with a server that never ends its handshake */
};

struct script {
	const void *says; /* after the handshake */
	size_t n;
	size_t piece; /* bytes per write; 0: all at once */
	bool wrong_accept;
	bool drips; /* instead of a handshake, a header that does not end */
	int listener;
	char path[64];
	struct buf heard; /* after the handshake, until the client has gone */
	pthread_t thread;
};

static void write_all(int fd, const void *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t sent = send(fd, (const char *)bytes + done, n - done, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		done += (size_t)sent;
	}
}

static void shake_hands(int fd, bool wrong)
{
	char head[2048] = "", key[64] = "", accept[WS_ACCEPT_CHARS + 1], response[256];
	size_t n = 0;

	while (strstr(head, "\r\n\r\n") == NULL) {
		ssize_t got = recv(fd, head + n, sizeof head - 1 - n, 0);
		assert(got > 0);
		n += (size_t)got;
		head[n] = '\0';
	}
	const char *at = strstr(head, "Sec-WebSocket-Key: ");
	assert(strncmp(head, "GET /ws HTTP/1.1\r\n", 18) == 0 && at != NULL);
	(void)sscanf(at, "Sec-WebSocket-Key: %63s", key);
	ws_handshake_accept(key, accept);
	accept[0] = wrong ? (accept[0] == 'A' ? 'B' : 'A') : accept[0];
	n = (size_t)snprintf(
		response, sizeof response,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		accept);
	write_all(fd, response, n);
}

/* Until the client has gone. */
static void drip(int fd)
{
	while (send(fd, "x", 1, MSG_NOSIGNAL) == 1)
		(void)usleep(20000);
}

static void *serve(void *arg)
{
	struct script *s = arg;
	int fd = accept(s->listener, NULL, NULL);
	ssize_t got;

	assert(fd >= 0);
	if (s->drips)
		drip(fd);
	else
		shake_hands(fd, s->wrong_accept);
	for (size_t done = 0; done < s->n;) {
		size_t n = s->piece == 0 || s->n - done < s->piece ? s->n - done : s->piece;
		write_all(fd, (const char *)s->says + done, n);
		done += n;
	}
	while ((got = recv(fd, buf_reserve(&s->heard, 65536), 65536, 0)) > 0)
		s->heard.len += (size_t)got;
	(void)close(fd);
	return NULL;
}

/* Starts the server and connects to it; NULL when the handshake failed. */
static struct client_link *begin(struct script *s, struct client_fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct client_url url;
	char text[80];

	(void)snprintf(s->path, sizeof s->path, "/tmp/parley-link-%d.sock", (int)getpid());
	(void)unlink(s->path);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", s->path);
	s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(s->listener, 1), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	(void)snprintf(text, sizeof text, "unix:%s", s->path);
	assert_int_equal(client_url_parse(text, &url, fault), 0);
	return client_link_open(&url, NULL, s->drips ? PATIENCE_MS : LIMIT_MS, fault);
}

static void end(struct script *s, struct client_link *l)
{
	client_link_destroy(l);
	(void)pthread_join(s->thread, NULL);
	(void)close(s->listener);
	(void)unlink(s->path);
	buf_finish(&s->heard);
}

/* The next message, waiting for it: 1, or the negative errno of the end. */
static int next(struct client_link *l, const char **text, size_t *n)
{
	for (;;) {
		int have = client_link_next(l, text, n);
		if (have != 0)
			return have;
		struct pollfd waiting = {.fd = client_link_fd(l), .events = POLLIN};
		assert_int_equal(poll(&waiting, 1, LIMIT_MS), 1);
		int gone = client_link_receive(l);
		if (gone != 0)
			return gone;
	}
}

static void expect(struct client_link *l, const char *wanted)
{
	const char *text;
	size_t n;

	assert_int_equal(next(l, &text, &n), 1);
	assert_int_equal(n, strlen(wanted));
	assert_string_equal(text, wanted);
}

/* Plays `says` and expects the messages given, then the end. */
static void messages_come(size_t piece)
{
	/* whole; three fragments with a ping between them; empty; 300 bytes long */
	static const char head[] = "\x81\x02hi\x01\x03one\x89\x01p\x00\x03two\x80\x03six\x81\x00\x81\x7e\x01\x2c";
	char says[sizeof head - 1 + 300], longest[301] = "";
	struct client_fault fault;

	memcpy(says, head, sizeof head - 1);
	memset(says + sizeof head - 1, 'y', 300);
	memset(longest, 'y', 300);
	struct script s = {.says = says, .n = sizeof says, .piece = piece};
	struct client_link *l = begin(&s, &fault);
	assert_non_null(l);
	expect(l, "hi");
	expect(l, "onetwosix");
	expect(l, "");
	expect(l, longest);
	end(&s, l);
}

static void messages_come_whole(void **state)
{
	(void)state;
	messages_come(0);
}

static void messages_come_byte_by_byte(void **state)
{
	(void)state;
	messages_come(1);
}

/* The frames that the server heard, unmasked, as "OPCODE:payload;" one after the other. */
static void decode_heard(struct buf *heard, char *out, size_t size)
{
	size_t at = 0, used = 0;

	out[0] = '\0';
	while (at < heard->len) {
		struct ws_frame f;
		assert_int_equal(ws_frame_read_header(heard->data + at, heard->len - at, &f), 1);
		assert_int_equal(f.masked, 1);
		assert_int_equal(f.fin, 1);
		uint8_t *payload = heard->data + at + f.header_bytes;
		ws_frame_mask(payload, (size_t)f.payload_bytes, f.mask, 0);
		used += (size_t)snprintf(out + used, size - used, "%x:%.*s;", f.opcode, (int)f.payload_bytes, (const char *)payload);
		at += f.header_bytes + (size_t)f.payload_bytes;
	}
}

static void frames_go_out_masked_and_pings_are_answered(void **state)
{
	struct script s = {.says = "\x89\x03xyz\x81\x02ok", .n = 9};
	struct client_fault fault;
	char heard[200];

	(void)state;
	struct client_link *l = begin(&s, &fault);
	assert_non_null(l);
	client_link_send(l, "hello", 5);
	assert_int_equal(client_link_flush(l), 0);
	expect(l, "ok");
	client_link_say_goodbye(l);
	client_link_send(l, "too late", 8);
	assert_int_equal(client_link_flush(l), 0);
	client_link_destroy(l);
	(void)pthread_join(s.thread, NULL);
	decode_heard(&s.heard, heard, sizeof heard);
	assert_string_equal(heard, "1:hello;a:xyz;8:\x03\xe8;");
	(void)close(s.listener);
	(void)unlink(s.path);
	buf_finish(&s.heard);
}

static void a_long_message_goes_out_whole(void **state)
{
	enum { LONG = 200000 };
	struct script s = {.says = "", .n = 0};
	struct client_fault fault;
	struct ws_frame f;
	char *text = malloc(LONG);

	(void)state;
	memset(text, 'z', LONG);
	struct client_link *l = begin(&s, &fault);
	client_link_send(l, text, LONG);
	while (client_link_wants_write(l)) {
		struct pollfd waiting = {.fd = client_link_fd(l), .events = POLLOUT};
		assert_int_equal(client_link_flush(l), 0);
		if (client_link_wants_write(l))
			assert_int_equal(poll(&waiting, 1, LIMIT_MS), 1);
	}
	client_link_destroy(l);
	(void)pthread_join(s.thread, NULL);
	assert_int_equal(ws_frame_read_header(s.heard.data, s.heard.len, &f), 1);
	assert_int_equal(f.payload_bytes, LONG);
	assert_int_equal(s.heard.len, f.header_bytes + LONG);
	ws_frame_mask(s.heard.data + f.header_bytes, LONG, f.mask, 0);
	assert_memory_equal(s.heard.data + f.header_bytes, text, LONG);
	free(text);
	(void)close(s.listener);
	(void)unlink(s.path);
	buf_finish(&s.heard);
}

static void a_close_is_told_with_its_code(void **state)
{
	struct script s = {.says = "\x88\x06\x0f\xa2late", .n = 8};
	struct client_fault fault;
	const char *text;
	size_t n;

	(void)state;
	struct client_link *l = begin(&s, &fault);
	assert_int_equal(next(l, &text, &n), -ECONNRESET);
	assert_string_equal(client_link_end(l), "the server closed the connection: 4002 late");
	assert_int_equal(client_link_close_code(l), 4002);
	end(&s, l);
}

static void broken_frames_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} wrong[] = {
		{"\x81\x82mask12", 8}, /* masked */
		{"\xc1\x02hi", 4},     /* a reserved bit */
		{"\x82\x02hi", 4},     /* binary */
		{"\x80\x02hi", 4},     /* a fragment of nothing */
		{"\x01\x01"
		 "a\x81\x01"
		 "b",
		 6},                                              /* a message within a message */
		{"\x09\x00", 2},                                  /* a fragmented ping */
		{"\x81\x7f\x00\x00\x00\x7f\xff\xff\xff\xff", 10}, /* far too long */
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct script s = {.says = wrong[i].bytes, .n = wrong[i].n};
		struct client_fault fault;
		const char *text;
		size_t n;
		struct client_link *l = begin(&s, &fault);
		assert_non_null(l);
		assert_int_equal(next(l, &text, &n), -EPROTO);
		end(&s, l);
	}
}

static void assert_no_handshake(struct script s, const char *why)
{
	struct client_fault fault;

	s.says = "";
	assert_null(begin(&s, &fault));
	assert_non_null(strstr(fault.text, why));
	end(&s, NULL);
}

static void a_wrong_accept_is_refused(void **state)
{
	(void)state;
	assert_no_handshake((struct script){.wrong_accept = true}, "Sec-WebSocket-Accept");
}

static void a_server_that_never_ends_its_handshake_is_left(void **state)
{
	(void)state;
	assert_no_handshake((struct script){.drips = true}, "does not answer");
}

static void a_server_that_is_not_running_is_named(void **state)
{
	struct client_url url;
	struct client_fault fault;

	(void)state;
	assert_int_equal(client_url_parse("unix:/nonexistent/parley.sock", &url, &fault), 0);
	assert_null(client_link_open(&url, NULL, 1000, &fault));
	assert_non_null(strstr(fault.text, "no server is running at unix:/nonexistent/parley.sock"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_whole),
		cmocka_unit_test(messages_come_byte_by_byte),
		cmocka_unit_test(frames_go_out_masked_and_pings_are_answered),
		cmocka_unit_test(a_long_message_goes_out_whole),
		cmocka_unit_test(a_close_is_told_with_its_code),
		cmocka_unit_test(broken_frames_are_refused),
		cmocka_unit_test(a_wrong_accept_is_refused),
		cmocka_unit_test(a_server_that_never_ends_its_handshake_is_left),
		cmocka_unit_test(a_server_that_is_not_running_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
