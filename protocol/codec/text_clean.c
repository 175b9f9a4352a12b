#include "text_clean.h"

#include "name_letter.h"
#include "text_fold.h"
#include "uid.h"

#include <utf8proc.h>

enum { NAME_MARKS_MAX = 4 };

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

static const int32_t *codepoints_of(const struct buf *b, size_t *n)
{
	*n = b->len / sizeof(int32_t);
	return (const int32_t *)(const void *)b->data;
}

static void append_utf8(struct buf *out, const struct buf *codepoints)
{
	size_t n;
	const int32_t *text = codepoints_of(codepoints, &n);

	for (size_t i = 0; i < n; i++) {
		utf8proc_uint8_t bytes[4];

		buf_append(out, bytes, (size_t)utf8proc_encode_char(text[i], bytes));
	}
}

/* The name in NFC as code points, white space trimmed and its runs folded to one space. */
static bool fold_space(const char *s, size_t n, struct buf *out)
{
	const int32_t blank = ' ', *text;
	auto_buf composed = BUF_INIT, codepoints = BUF_INIT;
	bool space = false;
	size_t n_text;

	if (!text_fold(s, n, TEXT_FORM_NFC, &composed) || !text_codepoints(composed.data, composed.len, &codepoints))
		return false;
	text = codepoints_of(&codepoints, &n_text);
	for (size_t i = 0; i < n_text; i++) {
		if (name_letter_of(text[i]) == NAME_LETTER_SPACE) {
			space = true;
			continue;
		}
		if (space && out->len > 0)
			buf_append(out, &blank, sizeof blank);
		space = false;
		buf_append(out, &text[i], sizeof text[i]);
	}
	return true;
}

static enum name_fault check_letters(const int32_t *text, size_t n)
{
	size_t n_marks = 0;
	bool shows = false;

	for (size_t i = 0; i < n; i++) {
		enum name_letter letter = name_letter_of(text[i]);

		if (letter == NAME_LETTER_BAD)
			return NAME_BAD_CHARACTER;
		if (letter == NAME_LETTER_INVISIBLE && !name_letter_fits(text, n, i))
			return NAME_INVISIBLE_CHARACTER;
		/* A mark needs something to sit on, or it would decorate what stands beside the name. */
		if ((letter == NAME_LETTER_MARK || letter == NAME_LETTER_SPACING_MARK) && (i == 0 || text[i - 1] == ' '))
			return NAME_BAD_CHARACTER;
		shows = shows || name_letter_shows(text[i]);
		n_marks = letter == NAME_LETTER_MARK ? n_marks + 1 : 0;
		if (n_marks > NAME_MARKS_MAX)
			return NAME_TOO_MANY_MARKS;
	}
	return shows ? NAME_OK : NAME_EMPTY;
}

static bool looks_like_id(const uint8_t *s, size_t n)
{
	struct uid ignored;

	return uid_parse((const char *)s, n, &ignored);
}

static enum name_fault clean_name(const char *s, size_t n, size_t max_bytes, struct buf *shown, struct buf *key)
{
	size_t shown_at = shown->len, key_at = key->len;
	auto_buf folded = BUF_INIT;

	if (!fold_space(s, n, &folded))
		return NAME_BAD_CHARACTER;
	size_t n_text;
	const int32_t *text = codepoints_of(&folded, &n_text);
	enum name_fault fault = check_letters(text, n_text);
	if (fault != NAME_OK)
		return fault;
	append_utf8(shown, &folded);
	size_t n_shown = shown->len - shown_at;
	if (max_bytes > 0 && n_shown > max_bytes)
		return NAME_TOO_LONG;
	if (!text_fold(shown->data + shown_at, n_shown, TEXT_FORM_KEY, key))
		return NAME_BAD_CHARACTER;
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
		return "has a character that names cannot have";
	case NAME_INVISIBLE_CHARACTER:
		return "has an invisible character where it has no effect; type the name instead of pasting it";
	case NAME_TOO_MANY_MARKS:
		return "has more than 4 marks above or below one letter";
	case NAME_LOOKS_LIKE_ID:
		return "must not look like an id";
	}
	return "is not valid";
}

void text_name_key(const char *s, size_t n, struct buf *key)
{
	size_t before = key->len;
	auto_buf folded = BUF_INIT, shown = BUF_INIT;

	if (!fold_space(s, n, &folded))
		return;
	append_utf8(&shown, &folded);
	if (!text_fold(shown.data, shown.len, TEXT_FORM_KEY, key))
		key->len = before;
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
