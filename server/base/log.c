#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { VALUE_BYTES_MAX = 200, LINE_BYTES = 4096, LINE_END_BYTES = 8 };

/* The process-wide sink that the header admits to. */
static _Atomic int sink_format = LOG_FORMAT_TEXT;
static _Atomic int sink_least = LOG_LEVEL_INFO;

struct line {
	size_t n;
	char bytes[LINE_BYTES];
};

void log_setup(enum log_format format, enum log_level least)
{
	atomic_store(&sink_format, (int)format);
	atomic_store(&sink_least, (int)least);
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

/* What does not fit is left out; LINE_END_BYTES stay free for the end. */
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

/* The bytes of the UTF-8 sequence at s (RFC 3629) and its code point, or 0. */
static size_t decode_utf8(const unsigned char *s, size_t n, uint32_t *code)
{
	size_t length = s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
	if (!length || s[0] >= 0xf5 || length > n)
		return 0;
	*code = s[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3fu);
	}
	bool too_long = (length == 3 && *code < 0x800) || (length == 4 && *code < 0x10000);
	bool no_character = *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000);
	return too_long || no_character ? 0 : length;
}

/* Characters that could make a terminal, or a reader, see another line than there is: controls, separators, direction marks. */
static bool is_deceiving(uint32_t code)
{
	return code < 0xa0 || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

static bool put_escaped(struct line *line, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = strnlen(text, VALUE_BYTES_MAX + 1);
	bool cut = n > VALUE_BYTES_MAX;
	if (cut)
		n = VALUE_BYTES_MAX;
	bool fits = put_string(line, "\"");
	for (size_t i = 0; i < n && fits;) {
		char escape[8];
		uint32_t code = s[i];
		size_t length = code < 0x80 ? 1 : decode_utf8(s + i, n - i, &code);
		if (!length && cut && n - i < 4)
			break; /* the cut went through a character */
		if (code == '"' || code == '\\')
			fits = put(line, escape, (size_t)snprintf(escape, sizeof(escape), "\\%c", (char)code));
		else if (!length || code < 0x20 || (code >= 0x7f && is_deceiving(code)))
			fits = put(line, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", length ? code & 0xffffu : 0xfffdu));
		else
			fits = put(line, text + i, length);
		i += length ? length : 1;
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

/* A field that does not fit whole is left out whole. */
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
	int64_t now_ms = clock_wall_ms();
	time_t seconds = (time_t)(now_ms / 1000);
	struct tm utc;
	gmtime_r(&seconds, &utc);
	char when[40];
	size_t n = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(when + n, sizeof(when) - n, ".%03uZ", (unsigned)(now_ms % 1000));
	int length = snprintf(line->bytes, 256, json ? "{\"timestamp\":\"%s\",\"level\":\"%s\",\"event\":\"%.100s\"" : "%s %s %.100s", when,
			      level_name(level), event);
	line->n = (size_t)length;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	if ((int)level < atomic_load_explicit(&sink_least, memory_order_relaxed))
		return;
	bool json = atomic_load_explicit(&sink_format, memory_order_relaxed) == LOG_FORMAT_JSON;
	int errno_before = errno;
	struct line line;
	put_head(&line, json, level, event);
	for (size_t i = 0; i < n; i++)
		put_field(&line, json, &fields[i]);
	if (json)
		line.bytes[line.n++] = '}';
	line.bytes[line.n++] = '\n';
	/* One call, so that lines of several threads do not mix. A log that cannot be written has nobody to tell. */
	ssize_t written;
	do {
		written = write(STDERR_FILENO, line.bytes, line.n);
	} while (written < 0 && errno == EINTR);
	errno = errno_before;
}
