#include "base/log.h"

#include "base/clock.h"
#include "base/outlet.h"
#include "codec/event_encode.h"
#include "codec/text_show.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VALUE_BYTES_MAX = 200, LINE_END_BYTES = 8, END_WAIT_MS = 1000 };

/* The one state of the process that log.h mentions. */
static struct {
	_Atomic int format, least;
	_Atomic uint64_t n_dropped; /* not reported yet; changed under the lock only */
	pthread_mutex_t lock;       /* guards the members below; before log_end() no thread waits while it holds it */
	struct outlet out;
	int dropped_error;               /* the negative errno of the latest dropped line */
	_Atomic uint64_t *dropped_total; /* borrowed; NULL: not counted */
	uint64_t wait_until_ms;          /* clock_mono_ms(); 0: no waiting */
} sink = {
	.format = LOG_FORMAT_TEXT,
	.least = LOG_LEVEL_INFO,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.out = {.fd = STDERR_FILENO},
};

struct line {
	size_t n;
	char bytes[OUTLET_LINE_BYTES];
};

void log_setup(enum log_format format, enum log_level least)
{
	atomic_store(&sink.format, (int)format);
	atomic_store(&sink.least, (int)least);
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_DEBUG:
		return "debug";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_WARN:
		return "warn";
	case LOG_LEVEL_ERROR:
		return "error";
	}
	return "error";
}

/* Appends, or returns false and appends nothing when the text does not fit. LINE_END_BYTES stay free for the end of the line. */
static bool put(struct line *line, const char *s, size_t n)
{
	if (line->n + n + LINE_END_BYTES > sizeof(line->bytes))
		return false;
	memcpy(line->bytes + line->n, s, n);
	line->n += n;
	return true;
}

static bool put_string(struct line *line, const char *s)
{
	return put(line, s, strlen(s));
}

static bool put_escaped(struct line *line, const char *text)
{
	size_t n = strnlen(text, VALUE_BYTES_MAX + 1);
	bool cut = n > VALUE_BYTES_MAX;
	if (cut)
		n = VALUE_BYTES_MAX;
	bool fits = put_string(line, "\"");
	for (size_t i = 0; i < n && fits;) {
		char escape[TEXT_SHOW_ESCAPE_BYTES];
		size_t length = text_show_next(text + i, n - i, escape);
		if (cut && n - i < 4 && (unsigned char)text[i] >= 0xc2 && escape[0] != '\0' && length == 1)
			break; /* the cut is in the middle of a character */
		if (text[i] == '"' || text[i] == '\\')
			fits = put_string(line, "\\");
		fits = fits && (escape[0] != '\0' ? put_string(line, escape) : put(line, text + i, length));
		i += length;
	}
	return fits && (!cut || put_string(line, "\xe2\x80\xa6")) && put_string(line, "\"");
}

static bool put_value(struct line *line, const struct log_field *f)
{
	char number[24];
	switch (f->kind) {
	case LOG_FIELD_STRING:
		return put_escaped(line, f->value.s ? f->value.s : "");
	case LOG_FIELD_UNSIGNED:
		snprintf(number, sizeof(number), "%llu", (unsigned long long)f->value.u);
		return put_string(line, number);
	case LOG_FIELD_SIGNED:
		snprintf(number, sizeof(number), "%lld", (long long)f->value.i);
		return put_string(line, number);
	}
	return false;
}

/* A field that does not fit is left out as a whole. */
static void put_field(struct line *line, bool json, const struct log_field *f)
{
	size_t before = line->n;
	bool fits = put_string(line, json ? ",\"" : " ") && put_string(line, f->name) && put_string(line, json ? "\":" : "=") &&
		    put_value(line, f);
	if (!fits)
		line->n = before;
}

static void put_head(struct line *line, bool json, enum log_level level, const char *event)
{
	char when[TIMESTAMP_BYTES + 1];
	timestamp_format(clock_wall_ms(), when);
	int length = snprintf(line->bytes, 256, json ? "{\"timestamp\":\"%s\",\"level\":\"%s\",\"event\":\"%.100s\"" : "%s %s %.100s", when,
			      level_name(level), event);
	line->n = (size_t)length;
}

static void make_line(struct line *line, enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	bool json = atomic_load_explicit(&sink.format, memory_order_relaxed) == LOG_FORMAT_JSON;
	put_head(line, json, level, event);
	for (size_t i = 0; i < n; i++)
		put_field(line, json, &fields[i]);
	if (json)
		line->bytes[line->n++] = '}';
	line->bytes[line->n++] = '\n';
}

/* The functions from here on are called with the lock held. */

/* Returns true when there may be room after a wait. Before log_end(), and after its second is over, it returns false without waiting. */
static bool waited(void)
{
	uint64_t now_ms = clock_mono_ms();
	return now_ms < sink.wait_until_ms && outlet_wait(&sink.out, (int)(sink.wait_until_ms - now_ms));
}

static int put_out(const struct line *line)
{
	int failed = outlet_write(&sink.out, line->bytes, line->n);
	while (failed == -EAGAIN && waited())
		failed = outlet_write(&sink.out, line->bytes, line->n);
	return failed;
}

/* Returns 0 when nothing is left to report. */
static int say_dropped(void)
{
	uint64_t n = atomic_load_explicit(&sink.n_dropped, memory_order_relaxed);
	if (!n)
		return 0;
	struct line line;
	const char *reason = sink.dropped_error == -EAGAIN ? "nobody reads standard error" : strerror(-sink.dropped_error);
	make_line(&line, LOG_LEVEL_WARN, "log.dropped", (const struct log_field[]){LOG_U("lines", n), LOG_S("reason", reason)}, 2);
	int failed = put_out(&line);
	if (!failed)
		atomic_store_explicit(&sink.n_dropped, 0, memory_order_relaxed);
	return failed;
}

static void count_dropped(int error)
{
	atomic_fetch_add_explicit(&sink.n_dropped, 1, memory_order_relaxed);
	if (sink.dropped_total)
		atomic_fetch_add_explicit(sink.dropped_total, 1, memory_order_relaxed);
	sink.dropped_error = error;
}

static void send_line(const struct line *line)
{
	int failed = say_dropped();
	if (!failed)
		failed = put_out(line);
	if (failed)
		count_dropped(failed);
}

/* The functions from here on are called without the lock. */

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	if ((int)level < atomic_load_explicit(&sink.least, memory_order_relaxed))
		return;
	int errno_before = errno;
	struct line line;
	make_line(&line, level, event, fields, n);
	pthread_mutex_lock(&sink.lock);
	send_line(&line);
	pthread_mutex_unlock(&sink.lock);
	errno = errno_before;
}

void log_open(void)
{
	pthread_mutex_lock(&sink.lock);
	outlet_init(&sink.out, STDERR_FILENO);
	pthread_mutex_unlock(&sink.lock);
}

void log_count_dropped(_Atomic uint64_t *counter)
{
	pthread_mutex_lock(&sink.lock);
	sink.dropped_total = counter;
	pthread_mutex_unlock(&sink.lock);
}

void log_flush(void)
{
	pthread_mutex_lock(&sink.lock);
	if (say_dropped() == 0)
		(void)outlet_flush(&sink.out);
	pthread_mutex_unlock(&sink.lock);
}

void log_end(void)
{
	pthread_mutex_lock(&sink.lock);
	if (!sink.wait_until_ms)
		sink.wait_until_ms = clock_mono_ms() + END_WAIT_MS;
	(void)say_dropped();
	while (outlet_flush(&sink.out) == -EAGAIN && waited())
		;
	pthread_mutex_unlock(&sink.lock);
}

void log_say(const char *text)
{
	struct line line = {.n = 0};
	size_t n = strlen(text);
	put_string(&line, "parleyd: ");
	for (size_t i = 0; i < n;) {
		char escape[TEXT_SHOW_ESCAPE_BYTES];
		size_t length = text_show_next(text + i, n - i, escape);
		if (!(escape[0] != '\0' ? put_string(&line, escape) : put(&line, text + i, length)))
			break;
		i += length;
	}
	line.bytes[line.n++] = '\n';
	log_end();
	pthread_mutex_lock(&sink.lock);
	send_line(&line);
	pthread_mutex_unlock(&sink.lock);
}
