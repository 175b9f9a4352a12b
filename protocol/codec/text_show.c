#include "codec/text_show.h"

#include <stdbool.h>
#include <stdio.h>

/* The bytes of the UTF-8 sequence at s (RFC 3629) and its code point, or 0. */
static size_t decode_utf8(const unsigned char *s, size_t n, uint32_t *code)
{
	size_t length = s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;

	if (length == 0 || s[0] >= 0xf5 || length > n)
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

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* Separators of lines and paragraphs, embeddings, overrides, isolates, and the marks of a direction. */
static bool is_order(uint32_t code)
{
	return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0x200e || code == 0x200f ||
	       code == 0x061c;
}

size_t text_show_next(const char *s, size_t n, char escape[TEXT_SHOW_ESCAPE_BYTES])
{
	uint32_t code = (unsigned char)s[0];
	size_t length = code < 0x80 ? 1 : decode_utf8((const unsigned char *)s, n, &code);

	escape[0] = '\0';
	if (length == 0 || is_control(code) || is_order(code) || code == 0xfeff)
		(void)snprintf(escape, TEXT_SHOW_ESCAPE_BYTES, "\\u%04x", (unsigned)(length == 0 ? 0xfffdu : code & 0xffffu));
	return length == 0 ? 1 : length;
}

void text_show(struct buf *out, const char *s, size_t n)
{
	size_t from = 0, at = 0;

	while (at < n) {
		char escape[TEXT_SHOW_ESCAPE_BYTES];
		size_t length = text_show_next(s + at, n - at, escape);
		if (escape[0] != '\0') {
			if (at > from)
				buf_append(out, s + from, at - from);
			buf_append_str(out, escape);
			from = at + length;
		}
		at += length;
	}
	if (n > from)
		buf_append(out, s + from, n - from);
}
