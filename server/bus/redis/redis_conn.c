#include "bus/redis/redis_conn.h"

#include "base/memory.h"
#include "base/secret.h"
#include "base/secret_file.h"
#include "bus/redis/redis_dial.h"
#include "bus/redis/redis_greeting.h"
#include "bus/redis/redis_queue.h"
#include "bus/redis/redis_tls.h"
#include "codec/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HEAD_BYTES_MAX = 32 /* of a word, with its line's end */,
	READ_BYTES = 16 << 10,
	READS_A_TURN = 64,
	TICK_MS = 250,
	OUTPUT_KEPT_BYTES = 256 << 10,
	GREETING_MS = 5000
};

struct redis_conn {
	struct redis_conn_config config;
	struct redis_conn_events events;
	struct redis_dial *dial;
	int fd; /* -1: not connected */
	struct redis_layer *layer;
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct redis_reader *reader;
	struct redis_queue queue;
	struct buf out;
	size_t n_written; /* of out */
	struct redis_greeting greeting;
	enum { DIALING, GREETING, READY, LOST } state;
	bool reads_on;  /* there is more to read than one turn takes */
	unsigned depth; /* callbacks that run */
	bool is_destroyed;
	char why[REDIS_WHY_BYTES];
};

static void hang_up(struct redis_conn *c)
{
	redis_dial_destroy(c->dial);
	c->dial = NULL;
	loop_watch_destroy(c->watch);
	c->watch = NULL;
	if (c->layer)
		c->layer->methods->destroy(c->layer);
	c->layer = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void free_conn(struct redis_conn *c)
{
	loop_timer_destroy(c->timer);
	redis_reader_free(c->reader);
	redis_queue_finish(&c->queue);
	buf_finish(&c->out);
	free(c);
}

/* The owner is told from the timer: never from within one of its own calls. */
static void lose(struct redis_conn *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void lose(struct redis_conn *c, const char *format, ...)
{
	if (c->state == LOST)
		return;
	va_list values;
	va_start(values, format);
	vsnprintf(c->why, sizeof(c->why), format, values);
	va_end(values);
	c->state = LOST;
	hang_up(c);
	loop_timer_start(c->timer, 0, 0);
}

static void enter(struct redis_conn *c)
{
	c->depth++;
}

static void leave(struct redis_conn *c)
{
	if (--c->depth == 0 && c->is_destroyed)
		free_conn(c);
}

static ssize_t write_some(struct redis_conn *c)
{
	const uint8_t *from = c->out.data + c->n_written;
	size_t n = c->out.len - c->n_written;
	if (c->layer)
		return c->layer->methods->write(c->layer, from, n);
	ssize_t sent = send(c->fd, from, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	return sent < 0 ? -errno : sent;
}

static ssize_t read_some(struct redis_conn *c, void *bytes, size_t n)
{
	if (c->layer)
		return c->layer->methods->read(c->layer, bytes, n);
	ssize_t got = recv(c->fd, bytes, n, MSG_DONTWAIT);
	return got < 0 ? -errno : got;
}

static const char *fault_of(const struct redis_conn *c, ssize_t n)
{
	return c->layer && c->layer->why[0] ? c->layer->why : strerror((int)-n);
}

static bool is_again(ssize_t n)
{
	return n == -EAGAIN || n == -EWOULDBLOCK || n == -EINTR;
}

/* A peak is not kept in memory for ever, and the password not at all. */
static void empty_output(struct redis_conn *c)
{
	c->n_written = 0;
	if (c->state == GREETING && c->out.data)
		secret_wipe(c->out.data, c->out.cap);
	if (c->out.cap > OUTPUT_KEPT_BYTES)
		buf_finish(&c->out);
	buf_clear(&c->out);
}

/* A connection that never comes to its end, because as much is added as it takes, keeps in memory what still waits. */
static void drop_written(struct redis_conn *c)
{
	buf_consume(&c->out, c->n_written);
	c->n_written = 0;
}

void redis_conn_flush(struct redis_conn *c)
{
	ssize_t n = 0;
	if (c->fd < 0)
		return;
	while (c->n_written < c->out.len && (n = write_some(c)) > 0)
		c->n_written += (size_t)n;
	if (n < 0 && !is_again(n)) {
		lose(c, "%s", fault_of(c, n));
		return;
	}
	if (c->n_written == c->out.len)
		empty_output(c);
	else if (c->n_written > c->out.len / 2)
		drop_written(c);
	/* TLS may have to read before it can write on. What is read on is not always in the socket, which as a rule can be written: so the next turn reads on. */
	loop_watch_writable(c->watch, c->reads_on || (c->layer ? c->layer->wants_writable : c->out.len > 0));
}

static void append_head(struct buf *b, char kind, size_t n)
{
	buf_append_byte(b, (uint8_t)kind);
	buf_append_u64(b, n);
	buf_append(b, "\r\n", 2);
}

void redis_conn_command(struct redis_conn *c, redis_reply_fn *fn, void *arg, const struct redis_part *parts, size_t n_parts)
{
	enum redis_verb verb = redis_verb_of(parts[0].bytes, parts[0].n);
	struct redis_waiting waiting = {.fn = fn, .arg = arg, .since_ms = loop_now_ms(c->config.loop), .verb = verb};
	assert(verb == REDIS_VERB_OTHER || n_parts > 1);
	if (c->fd < 0)
		return;
	waiting.n_left = (uint32_t)n_parts - 1;
	size_t n_bytes = HEAD_BYTES_MAX;
	for (size_t i = 0; i < n_parts; i++)
		n_bytes += HEAD_BYTES_MAX + parts[i].n;
	buf_reserve(&c->out, n_bytes);
	append_head(&c->out, '*', n_parts);
	for (size_t i = 0; i < n_parts; i++) {
		append_head(&c->out, '$', parts[i].n);
		buf_append(&c->out, parts[i].bytes, parts[i].n);
		buf_append(&c->out, "\r\n", 2);
	}
	redis_queue_add(&c->queue, &waiting);
	if (redis_conn_unsent(c) > REDIS_OUTPUT_BYTES_MAX)
		redis_conn_flush(c); /* the socket may take what one turn has gathered */
	if (redis_conn_unsent(c) > REDIS_OUTPUT_BYTES_MAX)
		lose(c, "it takes too little: more than %d MiB wait to be sent", REDIS_OUTPUT_BYTES_MAX >> 20);
}

void redis_conn_command_words(struct redis_conn *c, redis_reply_fn *fn, void *arg, const char *const *words)
{
	struct redis_part parts[8];
	size_t n = 0;
	for (; words[n]; n++) {
		assert(n < sizeof(parts) / sizeof(parts[0]));
		parts[n] = (struct redis_part){words[n], strlen(words[n])};
	}
	redis_conn_command(c, fn, arg, parts, n);
}

static bool is_message(const struct redis_reply *name)
{
	return redis_reply_is(name, "message") || redis_reply_is(name, "smessage");
}

/* A server also ends a subscription by itself (sunsubscribe, when a slot moves away): nothing waits for that. */
static void confirm(struct redis_conn *c, enum redis_verb verb)
{
	struct redis_waiting *w = redis_queue_first(&c->queue);
	if (w && w->verb == verb && --w->n_left == 0)
		redis_queue_pop(&c->queue);
}

static void take_reply(struct redis_conn *c, const struct redis_reply *r)
{
	const struct redis_reply *name = redis_reply_at(r, 0);
	enum redis_verb verb = name && name->kind == REDIS_IS_STRING ? redis_verb_of(name->text, name->n) : REDIS_VERB_OTHER;
	if (verb != REDIS_VERB_OTHER || is_message(name)) {
		if (verb != REDIS_VERB_OTHER)
			confirm(c, verb);
		if (c->events.pushed)
			c->events.pushed(c->events.arg, r);
		return;
	}
	struct redis_waiting *first = redis_queue_first(&c->queue);
	if (!first) {
		/* What a server says before it closes: that it has too many clients, or that it is told not to let anybody in. */
		lose(c, r->kind == REDIS_IS_ERROR ? "%.150s" : "it answers what it was not asked", r->text);
		return;
	}
	struct redis_waiting w = *first;
	redis_queue_pop(&c->queue);
	w.fn(w.arg, r);
}

/* Returns false when nothing more is to be read: the connection is lost or destroyed. */
static bool take_replies(struct redis_conn *c)
{
	const struct redis_reply *r;
	int more;
	while ((more = redis_reader_next(c->reader, &r)) > 0) {
		take_reply(c, r);
		if (c->state == LOST || c->is_destroyed)
			return false;
	}
	if (more < 0)
		lose(c, "it does not answer as a Redis does");
	return more >= 0;
}

static void read_in(struct redis_conn *c)
{
	char bytes[READ_BYTES];
	c->reads_on = false;
	for (int i = 0; i < READS_A_TURN; i++) {
		ssize_t n = read_some(c, bytes, sizeof(bytes));
		if (is_again(n))
			return;
		if (n <= 0) {
			lose(c, "%s", n ? fault_of(c, n) : "it closed the connection");
			return;
		}
		if (redis_reader_feed(c->reader, bytes, (size_t)n) != 0) {
			lose(c, "it sends a reply that is too large");
			return;
		}
		if (!take_replies(c))
			return;
		if (!c->layer && (size_t)n < sizeof(bytes))
			return;
	}
	c->reads_on = true; /* the others have their turn first */
}

static void on_watch(void *arg)
{
	struct redis_conn *c = arg;
	enter(c);
	read_in(c);
	redis_conn_flush(c); /* last: reading may be what writing waited for */
	leave(c);
}

static void on_greeted(void *arg, const char *fault)
{
	struct redis_conn *c = arg;
	if (fault) {
		lose(c, "%s", fault);
		return;
	}
	c->state = READY;
	loop_timer_start(c->timer, TICK_MS, TICK_MS);
	c->events.ready(c->events.arg);
}

static void greet(struct redis_conn *c)
{
	char password[SECRET_FILE_BYTES] = "", why[SECRET_FILE_WHY_BYTES];
	const char *file = c->config.password_file;
	if (file && secret_file_read(file, password, why) != 0) {
		lose(c, "the file of its password, %.60s: %s", file, why);
		return;
	}
	c->state = GREETING;
	redis_greeting_begin(&c->greeting, c, password, on_greeted, c);
	secret_wipe(password, sizeof(password));
	redis_conn_flush(c);
}

static void on_dialed(void *arg, int fd, const char *why)
{
	struct redis_conn *c = arg;
	if (fd < 0) {
		lose(c, "%s", why);
		return;
	}
	c->fd = fd;
	if (c->config.address.is_tls)
		c->layer = redis_tls_new(fd, c->config.address.host, c->config.ca_file, c->why);
	if (c->config.address.is_tls && !c->layer) {
		char fault[REDIS_WHY_BYTES];
		memcpy(fault, c->why, sizeof(fault));
		lose(c, "%s", fault);
		return;
	}
	c->watch = loop_watch_readable(c->config.loop, fd, on_watch, c);
	loop_timer_start(c->timer, GREETING_MS, 0);
	greet(c);
}

/* In this state the timer tells: that the connection is lost; that the greeting took too long; or to look at the oldest command. */
static void on_timer(void *arg)
{
	struct redis_conn *c = arg;
	const struct redis_waiting *oldest = redis_queue_first(&c->queue);
	enter(c);
	if (c->state == LOST)
		c->events.lost(c->events.arg);
	else if (c->state == GREETING)
		lose(c, "it does not answer");
	else if (oldest && loop_now_ms(c->config.loop) - oldest->since_ms > REDIS_ANSWER_MS)
		lose(c, "it has not answered for %d seconds", REDIS_ANSWER_MS / 1000);
	leave(c);
}

struct redis_conn *redis_conn_new(const struct redis_conn_config *config, const struct redis_conn_events *events)
{
	struct redis_conn *c = mem_new(struct redis_conn);
	*c = (struct redis_conn){.config = *config, .events = *events, .fd = -1};
	c->timer = loop_timer_new(config->loop, on_timer, c);
	c->reader = redis_reader_new();
	c->dial = redis_dial_new(config->loop, &c->config.address, on_dialed, c);
	return c;
}

void redis_conn_destroy(struct redis_conn *c)
{
	if (!c || c->is_destroyed)
		return;
	c->is_destroyed = true;
	c->state = LOST;
	hang_up(c);
	loop_timer_stop(c->timer);
	enter(c);
	leave(c);
}

bool redis_conn_is_ready(const struct redis_conn *c)
{
	return c && c->state == READY;
}

const struct redis_address *redis_conn_address(const struct redis_conn *c)
{
	return &c->config.address;
}

enum redis_kind redis_conn_kind(const struct redis_conn *c)
{
	return c->greeting.kind;
}

bool redis_conn_is_replica(const struct redis_conn *c)
{
	return c->greeting.is_replica;
}

const char *redis_conn_why(const struct redis_conn *c)
{
	return c->why;
}

size_t redis_conn_unsent(const struct redis_conn *c)
{
	return c->out.len - c->n_written;
}

size_t redis_conn_unanswered(const struct redis_conn *c)
{
	return c->queue.n;
}
