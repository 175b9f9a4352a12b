/*
 * One epoll loop over all connections, with one large buffer for all reads. A frame that is whole in the buffer is not copied.
 */
#include "cli/bench.h"

#include "codec/ws_frame.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The kept part of a frame is put in front of the next read. No frame of a benchmark is larger than HEADROOM. */
enum { HEADROOM_BYTES = 1 << 18, READ_BYTES = 1 << 18, TURN_EVENTS = 512 };

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t bench_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

void bench_fail(struct bench *b, const char *format, ...)
{
	va_list arguments;

	if (b->fault[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(b->fault, sizeof b->fault, format, arguments);
	va_end(arguments);
}

/* A Unix socket tells the process at its other end, so the server's process is known before the first connection that counts. */
static void find_process(struct bench *b, const struct bench_server *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&s->address, s->address_bytes) == 0 && b->pid == 0)
		b->pid = bench_process_peer(fd);
	if (fd >= 0)
		(void)close(fd);
}

static bool find_address(struct bench *b, struct bench_server *s)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;

	if (s->url.is_unix) {
		int failed = unix_address_init(&s->unix_address, s->url.path);
		if (failed != 0) {
			bench_fail(b, "cannot find %s: %s", s->url.path, strerror(-failed));
			return false;
		}
		memcpy(&s->address, &s->unix_address.un, sizeof s->unix_address.un);
		s->address_bytes = sizeof s->unix_address.un;
		find_process(b, s);
		return true;
	}
	if (getaddrinfo(s->url.host, s->url.port, &hints, &found) != 0) {
		bench_fail(b, "cannot find %s", s->url.host);
		return false;
	}
	memcpy(&s->address, found->ai_addr, found->ai_addrlen);
	s->address_bytes = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

bool bench_loop_init(struct bench *b)
{
	b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	b->buffer = malloc(HEADROOM_BYTES + READ_BYTES);
	assert(b->epoll_fd >= 0 && b->buffer != NULL);
	for (uint32_t i = 0; i < b->n_servers; i++)
		if (!find_address(b, &b->servers[i]))
			return false;
	return true;
}

void bench_loop_finish(struct bench *b)
{
	if (b->epoll_fd >= 0)
		(void)close(b->epoll_fd);
	free(b->buffer);
}

static void watch(struct bench *b, struct bench_conn *c, int operation, bool writes)
{
	struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = c};

	if (writes)
		wanted.events |= EPOLLOUT;
	c->wants_write = writes;
	if (epoll_ctl(b->epoll_fd, operation, c->fd, &wanted) != 0)
		bench_fail(b, "epoll: %s", strerror(errno));
}

bool bench_loop_open(struct bench *b, struct bench_conn *c)
{
	const struct bench_server *s = &b->servers[bench_server_of(b, c->number)];
	uint8_t random[WS_KEY_BYTES] = {0};
	int on = 1;

	/* A Unix socket connects at once or waits for the server's queue. Reading and writing do not wait (MSG_DONTWAIT). */
	c->fd = socket(s->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | (s->url.is_unix ? 0 : SOCK_NONBLOCK), 0);
	if (c->fd < 0 || (connect(c->fd, (const struct sockaddr *)&s->address, s->address_bytes) != 0 && errno != EINPROGRESS)) {
		bench_fail(b, "cannot connect to the server (connection %u of %u): %s", c->number + 1, b->n_conns, strerror(errno));
		return false;
	}
	if (!s->url.is_unix) {
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		(void)setsockopt(c->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
	}
	if (c->handshake == NULL)
		c->handshake = calloc(1, sizeof *c->handshake);
	assert(c->handshake != NULL);
	memcpy(random, &c->number, sizeof c->number);
	memcpy(random + 4, b->run, 8);
	client_handshake_init(c->handshake, random);
	client_handshake_request(c->handshake, s->url.host_header, &c->out);
	c->state = BENCH_UPGRADING;
	c->asked = c->answered = c->owed = 0;
	watch(b, c, EPOLL_CTL_ADD, true);
	b->n_opening++;
	return true;
}

void bench_loop_close(struct bench *b, struct bench_conn *c)
{
	/* A reset leaves no TIME_WAIT behind. Thousands of closed connections in TIME_WAIT would use up the local ports. */
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	(void)pthread_mutex_lock(&b->write_lock); /* the sender must not write to a descriptor that another connection has by then */
	if (c->fd >= 0) {
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
		(void)close(c->fd);
	}
	if (c->state != BENCH_CLOSED && c->state != BENCH_LIVE)
		b->n_opening--;
	c->fd = -1;
	c->state = BENCH_CLOSED;
	buf_finish(&c->rest);
	buf_finish(&c->out);
	free(c->handshake);
	c->handshake = NULL;
	(void)pthread_mutex_unlock(&b->write_lock);
}

static void lost(struct bench *b, struct bench_conn *c, const char *why)
{
	bench_fail(b, "connection %u: %s", c->number + 1, why);
	bench_loop_close(b, c);
}

static void flush(struct bench *b, struct bench_conn *c)
{
	while (c->out.len > 0) {
		ssize_t sent = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0) {
			lost(b, c, strerror(errno));
			return;
		}
		buf_consume(&c->out, (size_t)sent);
	}
	if (c->out.len == 0 && c->state == BENCH_LIVE)
		buf_finish(&c->out);
	if (c->wants_write != (c->out.len > 0))
		watch(b, c, EPOLL_CTL_MOD, c->out.len > 0);
}

void bench_loop_write(struct bench *b, struct bench_conn *c, const struct buf *bytes)
{
	bool shared = c->is_publisher && !b->options.saturate;

	if (shared)
		(void)pthread_mutex_lock(&b->write_lock);
	if (bytes != NULL)
		buf_append(&c->out, bytes->data, bytes->len);
	flush(b, c);
	if (shared)
		(void)pthread_mutex_unlock(&b->write_lock);
}

void bench_loop_frame(const struct bench *b, struct buf *out, uint8_t opcode, const char *payload, size_t n)
{
	buf_append_byte(out, (uint8_t)(0x80 | opcode));
	if (n < 126) {
		buf_append_byte(out, (uint8_t)(0x80 | n));
	} else {
		assert(n < 65536);
		buf_append_byte(out, 0x80 | 126);
		buf_append_byte(out, (uint8_t)(n >> 8));
		buf_append_byte(out, (uint8_t)n);
	}
	buf_append(out, b->mask, sizeof b->mask);
	if (n > 0) {
		size_t at = out->len;
		buf_append(out, payload, n);
		ws_frame_mask(out->data + at, n, b->mask, 0);
	}
}

static void take_control(struct bench *b, struct bench_conn *c, const struct ws_frame *f, const char *payload)
{
	auto_buf pong = BUF_INIT;
	char why[200];

	if (f->opcode == WS_OP_PING) {
		bench_loop_frame(b, &pong, WS_OP_PONG, payload, (size_t)f->payload_bytes);
		bench_loop_write(b, c, &pong);
	} else if (f->opcode == WS_OP_CLOSE && f->payload_bytes >= 2) {
		(void)snprintf(why, sizeof why, "closed by the server: %u %.*s", (unsigned)(uint8_t)payload[0] << 8 | (uint8_t)payload[1],
			       (int)f->payload_bytes - 2, payload + 2);
		lost(b, c, why);
	} else if (f->opcode != WS_OP_PONG) {
		lost(b, c, "closed by the server, or an unexpected frame");
	}
}

/* Takes whole frames from the front. Returns how many bytes they had. */
static size_t take_frames(struct bench *b, struct bench_conn *c, const uint8_t *bytes, size_t n, uint64_t now)
{
	size_t used = 0;

	while (n - used >= 2 && c->fd >= 0) {
		const uint8_t *at = bytes + used;
		struct ws_frame f;
		int whole = ws_frame_read_header(at, n - used, &f);
		if (whole == 0)
			break;
		if (whole < 0 || f.payload_bytes > HEADROOM_BYTES - WS_FRAME_HEADER_MAX) {
			lost(b, c, "a bad frame");
			break;
		}
		if (n - used - f.header_bytes < f.payload_bytes)
			break;
		const char *payload = (const char *)at + f.header_bytes;
		used += f.header_bytes + (size_t)f.payload_bytes;
		if (f.opcode != WS_OP_TEXT || !f.fin)
			take_control(b, c, &f, payload);
		else if (c->state == BENCH_LIVE)
			bench_take_frame(b, c, payload, (size_t)f.payload_bytes, now);
		else
			bench_setup_frame(b, c, payload, (size_t)f.payload_bytes);
	}
	return used;
}

static size_t take_upgrade(struct bench *b, struct bench_conn *c, const uint8_t *bytes, size_t n)
{
	struct client_fault fault;
	long head = client_handshake_check(c->handshake, bytes, n, &fault);

	if (head < 0) {
		lost(b, c, fault.text);
		return n;
	}
	if (head > 0) {
		free(c->handshake);
		c->handshake = NULL;
		bench_setup_upgraded(b, c);
	}
	return (size_t)head;
}

/*
 * Reads, and tells when the last of the bytes arrived. The time is the kernel's (SO_TIMESTAMPNS, socket(7)), so that a delay is the server's and not that
 * of this loop, which may be busy with another socket. A Unix socket has no such time.
 */
static ssize_t receive(const struct bench *b, const struct bench_conn *c, uint8_t *into, uint64_t *came_at)
{
	union {
		struct cmsghdr head; /* gives the buffer its alignment */
		char room[CMSG_SPACE(sizeof(struct timespec))];
	} control;
	struct iovec part = {.iov_base = into, .iov_len = READ_BYTES};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t got = recvmsg(c->fd, &message, MSG_DONTWAIT);
	struct cmsghdr *note = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*came_at = bench_now();
	if (note != NULL && note->cmsg_level == SOL_SOCKET && note->cmsg_type == SCM_TIMESTAMPNS) {
		struct timespec t;
		memcpy(&t, CMSG_DATA(note), sizeof t);
		uint64_t at = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec - b->wall_minus_mono_ns;
		*came_at = at < *came_at ? at : *came_at;
	}
	return got;
}

static void read_conn(struct bench *b, struct bench_conn *c)
{
	uint8_t *into = b->buffer + HEADROOM_BYTES;
	uint64_t came_at;
	ssize_t got = receive(b, c, into, &came_at);

	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (got <= 0) {
		lost(b, c, got == 0 ? "closed by the server" : strerror(errno));
		return;
	}
	uint8_t *from = into - c->rest.len;
	size_t n = c->rest.len + (size_t)got, used = 0;
	if (c->rest.len > 0)
		memcpy(from, c->rest.data, c->rest.len);
	if (c->state == BENCH_UPGRADING)
		used = take_upgrade(b, c, from, n);
	if (c->fd >= 0 && c->state != BENCH_UPGRADING)
		used += take_frames(b, c, from + used, n - used, came_at);
	if (c->fd < 0)
		return;
	if (used == n) {
		buf_finish(&c->rest);
	} else if (n - used > HEADROOM_BYTES) {
		lost(b, c, "a frame is too long");
	} else {
		buf_clear(&c->rest);
		buf_append(&c->rest, from + used, n - used);
	}
	if (c->owed > 0 && c->fd >= 0)
		bench_sender_refill(b, c);
}

int bench_loop_turn(struct bench *b, int wait_ms)
{
	struct epoll_event ready[TURN_EVENTS];
	int n = epoll_wait(b->epoll_fd, ready, TURN_EVENTS, wait_ms);

	b->wall_minus_mono_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < n; i++) {
		struct bench_conn *c = ready[i].data.ptr;
		if (c->fd >= 0 && (ready[i].events & EPOLLOUT) != 0)
			bench_loop_write(b, c, NULL);
		if (c->fd >= 0 && (ready[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
			read_conn(b, c);
	}
	return n;
}
