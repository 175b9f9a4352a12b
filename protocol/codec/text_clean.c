#include "text_clean.h"

#include "uid.h"

#include <stdlib.h>
#include <utf8proc.h>

enum { NAME_MARKS_MAX = 3 };

/* The bytes to leave out at s: a C0 control other than newline and tab, DEL, or a C1 control (two bytes in UTF-8). 0: keep it. */
static size_t control_bytes(const char *s, size_t n)
{
	uint8_t c = (uint8_t)s[0];

	if (c >= 0x80)
		return c == 0xC2 && n > 1 && (uint8_t)s[1] < 0xA0 ? 2 : 0;
	return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F ? 1 : 0;
}

size_t text_clean_message(const char *s, size_t n, struct buf *out)
{
	size_t before = out->len, from = 0, at = 0;

	while (at < n) {
		size_t skip = control_bytes(s + at, n - at);

		if (skip > 0) {
			buf_append(out, s + from, at - from);
			from = at + skip;
		}
		at += skip > 0 ? skip : 1;
	}
	if (n > from)
		buf_append(out, s + from, n - from);
	return out->len - before;
}

enum letter { LETTER_PLAIN, LETTER_SPACE, LETTER_MARK, LETTER_BAD };

static enum letter letter_of(utf8proc_int32_t codepoint)
{
	switch (utf8proc_category(codepoint)) {
	case UTF8PROC_CATEGORY_ZS:
		return LETTER_SPACE;
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME:
		return LETTER_MARK;
	case UTF8PROC_CATEGORY_CC: /* control */
	case UTF8PROC_CATEGORY_CF: /* format: bidi overrides, zero-width joiners */
	case UTF8PROC_CATEGORY_CS: /* surrogates */
	case UTF8PROC_CATEGORY_CO: /* private use */
	case UTF8PROC_CATEGORY_CN: /* unassigned */
	case UTF8PROC_CATEGORY_ZL: /* line and paragraph separators */
	case UTF8PROC_CATEGORY_ZP:
		return LETTER_BAD;
	default: /* the library's enum is long: everything else may be in a name */
		return LETTER_PLAIN;
	}
}

/* Copies NFC text to `shown`, white space trimmed and folded, refusing what may not be in a name. */
static enum name_fault fold_name(const utf8proc_uint8_t *s, size_t n, struct buf *shown)
{
	size_t before = shown->len, n_marks = 0, at = 0;
	bool space = false;

	while (at < n) {
		utf8proc_int32_t codepoint;
		utf8proc_ssize_t used = utf8proc_iterate(s + at, (utf8proc_ssize_t)(n - at), &codepoint);
		enum letter letter = used > 0 ? letter_of(codepoint) : LETTER_BAD;

		if (letter == LETTER_BAD)
			return NAME_BAD_CHARACTER;
		/* A mark needs something to sit on, or it would decorate what stands beside the name. */
		if (letter == LETTER_MARK && (space || shown->len == before))
			return NAME_BAD_CHARACTER;
		n_marks = letter == LETTER_MARK ? n_marks + 1 : 0;
		if (n_marks > NAME_MARKS_MAX)
			return NAME_TOO_MANY_MARKS;
		if (letter != LETTER_SPACE) {
			if (space && shown->len > before)
				buf_append_byte(shown, ' ');
			buf_append(shown, s + at, (size_t)used);
		}
		space = letter == LETTER_SPACE;
		at += (size_t)used;
	}
	return shown->len > before ? NAME_OK : NAME_EMPTY;
}

/* Appends s as the normalisation form that the options name; false if it is not UTF-8. */
static bool append_mapped(const void *s, size_t n, utf8proc_option_t options, struct buf *out)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t n_mapped = n > 0 ? utf8proc_map(s, (utf8proc_ssize_t)n, &mapped, options) : 0;

	if (n_mapped > 0)
		buf_append(out, mapped, (size_t)n_mapped);
	free(mapped);
	return n_mapped >= 0;
}

static bool looks_like_id(const uint8_t *s, size_t n)
{
	struct uid ignored;

	return uid_parse((const char *)s, n, &ignored);
}

static enum name_fault clean_name(const char *s, size_t n, size_t max_bytes, struct buf *shown, struct buf *key)
{
	size_t shown_at = shown->len, key_at = key->len;
	auto_buf composed = BUF_INIT;

	if (!append_mapped(s, n, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &composed))
		return NAME_BAD_CHARACTER;
	enum name_fault fault = fold_name(composed.data, composed.len, shown);
	if (fault != NAME_OK)
		return fault;
	size_t n_shown = shown->len - shown_at;
	if (max_bytes > 0 && n_shown > max_bytes)
		return NAME_TOO_LONG;
	/* NFKC_Casefold: what looks alike in width, case or by invisible characters is the same name. */
	if (!append_mapped(shown->data + shown_at, n_shown,
			   UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, key))
		return NAME_BAD_CHARACTER;
	if (key->len == key_at)
		return NAME_EMPTY; /* nothing but invisible letters */
	if (looks_like_id(key->data + key_at, key->len - key_at))
		return NAME_LOOKS_LIKE_ID;
	return NAME_OK;
}

enum name_fault text_clean_name(const char *s, size_t n, size_t max_bytes, struct buf *shown, struct buf *key)
{
	size_t shown_at = shown->len, key_at = key->len;
	enum name_fault fault = clean_name(s, n, max_bytes, shown, key);

	if (fault != NAME_OK) { /* a refused name leaves nothing behind */
		shown->len = shown_at;
		key->len = key_at;
	}
	return fault;
}

const char *name_fault_text(enum name_fault f)
{
	switch (f) {
	case NAME_OK:
		return "is fine";
	case NAME_EMPTY:
		return "must not be empty";
	case NAME_TOO_LONG:
		return "is too long";
	case NAME_BAD_CHARACTER:
		return "has a character that is not allowed in names";
	case NAME_TOO_MANY_MARKS:
		return "has more than 3 combining marks in a row";
	case NAME_LOOKS_LIKE_ID:
		return "must not look like an id";
	}
	return "is not valid";
}

bool text_is_utf8(const void *s, size_t n)
{
	const utf8proc_uint8_t *bytes = s;
	size_t at = 0;

	while (at < n) {
		utf8proc_int32_t codepoint;
		utf8proc_ssize_t used = utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(n - at), &codepoint);

		if (used <= 0)
			return false;
		at += (size_t)used;
	}
	return true;
}
