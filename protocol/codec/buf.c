#include "buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST_BYTES = 64 };

void buf_finish(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
}

/* The memory at least doubles, so appending n bytes one by one costs O(n). */
static void buf_grow(struct buf *b, size_t need)
{
	size_t cap = b->cap > 0 ? b->cap : BUF_FIRST_BYTES;

	while (cap < need) {
		if (cap > SIZE_MAX / 2)
			abort();
		cap *= 2;
	}
	uint8_t *data = realloc(b->data, cap);
	if (data == NULL) {
		fputs("out of memory\n", stderr);
		abort();
	}
	b->data = data;
	b->cap = cap;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	assert(n <= SIZE_MAX - b->len);
	if (b->data == NULL || b->cap - b->len < n)
		buf_grow(b, b->len + n);
	return b->data + b->len;
}

void buf_append(struct buf *b, const void *bytes, size_t n)
{
	if (n == 0)
		return; /* memcpy wants a valid pointer even then */
	memcpy(buf_reserve(b, n), bytes, n);
	b->len += n;
}

void buf_append_str(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void buf_append_byte(struct buf *b, uint8_t byte)
{
	*buf_reserve(b, 1) = byte;
	b->len++;
}

void buf_append_u64(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	buf_append(b, digits + at, sizeof(digits) - at);
}

void buf_appendf(struct buf *b, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(n >= 0);
	/* vsnprintf ends with a NUL, which is not counted as appended. */
	vsnprintf((char *)buf_reserve(b, (size_t)n + 1), (size_t)n + 1, format, again);
	va_end(again);
	b->len += (size_t)n;
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

/* RFC 8259 section 7: only the quote, the backslash and U+0000 to U+001F must be escaped. */
static void append_escape(struct buf *b, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t *out = buf_reserve(b, 6);

	out[0] = '\\';
	b->len += 2;
	switch (c) {
	case '"':
	case '\\':
		out[1] = c;
		return;
	case '\n':
		out[1] = 'n';
		return;
	case '\t':
		out[1] = 't';
		return;
	case '\r':
		out[1] = 'r';
		return;
	case '\b':
		out[1] = 'b';
		return;
	case '\f':
		out[1] = 'f';
		return;
	default:
		memcpy(out + 1, "u00", 3);
		out[4] = (uint8_t)hex[c >> 4];
		out[5] = (uint8_t)hex[c & 15];
		b->len += 4;
	}
}

void buf_append_json_string(struct buf *b, const char *s, size_t n)
{
	size_t from = 0;

	buf_reserve(b, n + 2); /* all there is to do for a string without escapes */
	buf_append_byte(b, '"');
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)s[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_append(b, s + from, i - from);
		append_escape(b, c);
		from = i + 1;
	}
	if (n > from)
		buf_append(b, s + from, n - from);
	buf_append_byte(b, '"');
}
