#include "text_password.h"

#include "name_letter.h"
#include "text_fold.h"

#include <stdint.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <utf8proc.h>

enum {
	VIRAMA_CLASS = 9,
	ZWNJ = 0x200C,
	ZWJ = 0x200D,
	MIDDLE_DOT = 0x00B7,
	KERAIA = 0x0375,
	GERESH = 0x05F3,
	GERSHAYIM = 0x05F4,
	KATAKANA_MIDDLE_DOT = 0x30FB,
	TATWEEL = 0x0640,
	NKO_LAJANYALAN = 0x07FA,
	HANGUL_TONE_FIRST = 0x302E,
	HANGUL_TONE_LAST = 0x302F,
	KANA_REPEAT_FIRST = 0x3031,
	KANA_REPEAT_LAST = 0x3035,
	VERTICAL_ITERATION = 0x303B,
};

struct label {
	const int32_t *text;
	size_t n;
	bool has_kana_or_han, has_arabic_digit, has_extended_arabic_digit; /* anywhere */
};

static bool script_is(int32_t c, UScriptCode script)
{
	UErrorCode error = U_ZERO_ERROR;

	return uscript_getScript(c, &error) == script;
}

static bool is_arabic_digit(int32_t c)
{
	return c >= 0x0660 && c <= 0x0669;
}

static bool is_extended_arabic_digit(int32_t c)
{
	return c >= 0x06F0 && c <= 0x06F9;
}

static bool is_kana_or_han(int32_t c)
{
	return script_is(c, USCRIPT_HIRAGANA) || (script_is(c, USCRIPT_KATAKANA) && c != KATAKANA_MIDDLE_DOT) || script_is(c, USCRIPT_HAN);
}

static struct label label_of(const struct buf *codepoints)
{
	struct label l = {.text = (const int32_t *)(const void *)codepoints->data, .n = codepoints->len / sizeof(int32_t)};

	for (size_t i = 0; i < l.n; i++) {
		l.has_kana_or_han = l.has_kana_or_han || is_kana_or_han(l.text[i]);
		l.has_arabic_digit = l.has_arabic_digit || is_arabic_digit(l.text[i]);
		l.has_extended_arabic_digit = l.has_extended_arabic_digit || is_extended_arabic_digit(l.text[i]);
	}
	return l;
}

/* The characters that need others beside them (RFC 5892, appendix A), and those that are never allowed (section 2.6). NULL: neither. */
static const bool *by_rule(const struct label *l, size_t at)
{
	static const bool yes = true, no = false;
	int32_t c = l->text[at], before = at > 0 ? l->text[at - 1] : 0, after = at + 1 < l->n ? l->text[at + 1] : 0;
	bool after_virama = u_getCombiningClass(before) == VIRAMA_CLASS;

	if (c == ZWNJ)
		return after_virama || name_letter_fits(l->text, l->n, at) ? &yes : &no;
	if (c == ZWJ)
		return after_virama ? &yes : &no;
	if (c == MIDDLE_DOT)
		return before == 'l' && after == 'l' ? &yes : &no;
	if (c == KERAIA)
		return script_is(after, USCRIPT_GREEK) ? &yes : &no;
	if (c == GERESH || c == GERSHAYIM)
		return script_is(before, USCRIPT_HEBREW) ? &yes : &no;
	if (c == KATAKANA_MIDDLE_DOT)
		return l->has_kana_or_han ? &yes : &no;
	if (is_arabic_digit(c))
		return l->has_extended_arabic_digit ? &no : &yes;
	if (is_extended_arabic_digit(c))
		return l->has_arabic_digit ? &no : &yes;
	if (c == TATWEEL || c == NKO_LAJANYALAN || c == VERTICAL_ITERATION || (c >= HANGUL_TONE_FIRST && c <= HANGUL_TONE_LAST) ||
	    (c >= KANA_REPEAT_FIRST && c <= KANA_REPEAT_LAST))
		return &no;
	return NULL;
}

/* RFC 8264, section 8. What is not listed there (format, private use, separators of lines) is disallowed. */
static bool is_allowed(const struct label *l, size_t at)
{
	int32_t c = l->text[at];
	const bool *rule = by_rule(l, at);
	UHangulSyllableType jamo = (UHangulSyllableType)u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);

	if (rule != NULL)
		return *rule;
	if (jamo == U_HST_LEADING_JAMO || jamo == U_HST_VOWEL_JAMO || jamo == U_HST_TRAILING_JAMO)
		return false;
	if (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
		return false;
	return (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK | U_GC_S_MASK | U_GC_P_MASK | U_GC_ZS_MASK)) != 0;
}

/* With every space as U+0020; false if it is not UTF-8. */
static bool map_spaces(const utf8proc_uint8_t *s, size_t n, struct buf *out)
{
	for (size_t at = 0; at < n;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t used = utf8proc_iterate(s + at, (utf8proc_ssize_t)(n - at), &c);

		if (used <= 0)
			return false;
		if (u_charType(c) == U_SPACE_SEPARATOR)
			buf_append_byte(out, ' ');
		else
			buf_append(out, s + at, (size_t)used);
		at += (size_t)used;
	}
	return true;
}

static bool all_allowed(const uint8_t *s, size_t n, struct buf *codepoints)
{
	if (!text_codepoints(s, n, codepoints))
		return false;
	struct label label = label_of(codepoints);
	for (size_t i = 0; i < label.n; i++)
		if (!is_allowed(&label, i))
			return false;
	return label.n > 0;
}

static void wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
}

bool text_password(const char *s, size_t n, struct buf *out)
{
	size_t before = out->len;
	if (n == 0)
		return false;
	auto_buf spaced = BUF_INIT, codepoints = BUF_INIT;

	(void)buf_reserve(&spaced, n);
	bool good = map_spaces((const utf8proc_uint8_t *)s, n, &spaced) && text_fold(spaced.data, spaced.len, TEXT_FORM_NFC, out) &&
		    all_allowed(out->data + before, out->len - before, &codepoints);
	if (!good)
		out->len = before;
	wipe(&spaced);
	wipe(&codepoints);
	return good;
}
