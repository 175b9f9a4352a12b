#include "name_letter.h"

#include <unicode/uchar.h>

enum {
	ZWNJ = 0x200C,
	ZWJ = 0x200D,
	MONGOLIAN_FIRST = 0x1820,
	MONGOLIAN_LAST = 0x18AA,
	MONGOLIAN_VOWEL_SEPARATOR = 0x180E,
	BRAILLE_BLANK = 0x2800,
	EMOJI_VARIATION = 0xFE0F,
	SKIN_FIRST = 0x1F3FB,
	SKIN_LAST = 0x1F3FF,
	BLACK_FLAG = 0x1F3F4,
	TAG_FIRST = 0xE0020,
	TAG_END = 0xE007F,
	TAG_0 = 0xE0030,
	TAG_9 = 0xE0039,
	TAG_A = 0xE0061,
	TAG_Z = 0xE007A,
	REGION_TAGS_MIN = 3, /* a country and at least one letter or digit of its part (ISO 3166-2) */
	REGION_TAGS_MAX = 6,
	VIRAMA_CLASS = 9,
};

enum name_letter name_letter_of(int32_t c)
{
	bool ignorable = u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);

	if (c == ZWNJ || c == ZWJ || c == MONGOLIAN_VOWEL_SEPARATOR || (c >= TAG_FIRST && c <= TAG_END))
		return NAME_LETTER_INVISIBLE;
	switch (u_charType(c)) {
	case U_SPACE_SEPARATOR:
		return NAME_LETTER_SPACE;
	case U_NON_SPACING_MARK:
	case U_ENCLOSING_MARK:
		return NAME_LETTER_MARK;
	case U_COMBINING_SPACING_MARK:
		return NAME_LETTER_SPACING_MARK;
	case U_UNASSIGNED:
		return ignorable || U_IS_UNICODE_NONCHAR(c) ? NAME_LETTER_BAD : NAME_LETTER_PLAIN;
	case U_CONTROL_CHAR:
	case U_FORMAT_CHAR: /* bidi overrides and the like */
	case U_SURROGATE:
	case U_PRIVATE_USE_CHAR:
	case U_LINE_SEPARATOR:
	case U_PARAGRAPH_SEPARATOR:
		return NAME_LETTER_BAD;
	default: /* the library's numbers are many: everything else may be in a name */
		return NAME_LETTER_PLAIN;
	}
}

bool name_letter_shows(int32_t c)
{
	return c != BRAILLE_BLANK && c != ' ' && !u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

/* ---- scripts ---- */

static bool is_virama(int32_t c)
{
	return u_getCombiningClass(c) == VIRAMA_CLASS;
}

static bool is_letter(int32_t c)
{
	return (U_GET_GC_MASK(c) & U_GC_L_MASK) != 0;
}

static bool is_mark(int32_t c)
{
	return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
}

/* $M₁ of the rules. */
static bool is_moving_mark(int32_t c)
{
	return u_charType(c) == U_NON_SPACING_MARK && u_getCombiningClass(c) != 0;
}

static UJoiningType joining(int32_t c)
{
	return (UJoiningType)u_getIntPropertyValue(c, UCHAR_JOINING_TYPE);
}

/* Rule A1: between two letters that would be joined. And between two of a joined script that would not be (Amir-Ali in Persian), where it only marks the end of a
 * word: people write it there all the same. */
static bool parts_joined(const int32_t *text, size_t n, size_t at)
{
	size_t left = at, right = at + 1;

	while (left > 0 && joining(text[left - 1]) == U_JT_TRANSPARENT)
		left--;
	while (right < n && joining(text[right]) == U_JT_TRANSPARENT)
		right++;
	if (left == 0 || right == n)
		return false;
	UJoiningType before = joining(text[left - 1]), after = joining(text[right]);
	return (before == U_JT_DUAL_JOINING || before == U_JT_LEFT_JOINING || before == U_JT_RIGHT_JOINING) &&
	       (after == U_JT_DUAL_JOINING || after == U_JT_RIGHT_JOINING);
}

/* The beginning of the rules A2 and B: a letter with marks, among them a virama with at most moving marks behind it. */
static bool after_virama(const int32_t *text, size_t at)
{
	while (at > 0 && !is_virama(text[at - 1]) && is_moving_mark(text[at - 1]))
		at--;
	if (at == 0 || !is_virama(text[at - 1]))
		return false;
	while (at > 0 && is_mark(text[at - 1]))
		at--;
	return at > 0 && is_letter(text[at - 1]);
}

static bool before_letter(const int32_t *text, size_t n, size_t at)
{
	do
		at++;
	while (at < n && is_moving_mark(text[at]));
	return at < n && is_letter(text[at]);
}

static bool before_vowel_sign(const int32_t *text, size_t n, size_t at)
{
	return at + 1 < n && u_getIntPropertyValue(text[at + 1], UCHAR_INDIC_SYLLABIC_CATEGORY) == U_INSC_VOWEL_DEPENDENT;
}

/* Not in UAX #31, but in the Unicode Standard, sections 12.2 (Bengali: the R of Rachel), 12.8 (Kannada) and 13.2 (Sinhala): a joiner between a consonant and
 * a virama that another consonant follows. */
static bool before_virama(const int32_t *text, size_t n, size_t at)
{
	return at > 0 && at + 2 < n && is_letter(text[at - 1]) && is_virama(text[at + 1]) && is_letter(text[at + 2]);
}

static bool is_mongolian(int32_t c)
{
	return c >= MONGOLIAN_FIRST && c <= MONGOLIAN_LAST;
}

/* ---- emoji ---- */

static bool is_picture(int32_t c)
{
	return u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC);
}

static bool joins_pictures(const int32_t *text, size_t n, size_t at)
{
	size_t left = at;

	while (left > 0 && (text[left - 1] == EMOJI_VARIATION || (text[left - 1] >= SKIN_FIRST && text[left - 1] <= SKIN_LAST)))
		left--;
	return left > 0 && is_picture(text[left - 1]) && at + 1 < n && is_picture(text[at + 1]);
}

static bool is_region_tag(int32_t c)
{
	return (c >= TAG_0 && c <= TAG_9) || (c >= TAG_A && c <= TAG_Z);
}

/* The flag of a part of a country: a black flag, its code in tags, an end. */
static bool is_in_flag(const int32_t *text, size_t n, size_t at)
{
	size_t from = at, to = at;

	while (from > 0 && at - from < REGION_TAGS_MAX && is_region_tag(text[from - 1]))
		from--;
	while (to < n && to - at < REGION_TAGS_MAX && is_region_tag(text[to]))
		to++;
	return from > 0 && text[from - 1] == BLACK_FLAG && to < n && text[to] == TAG_END && to - from >= REGION_TAGS_MIN &&
	       to - from <= REGION_TAGS_MAX;
}

bool name_letter_fits(const int32_t *text, size_t n, size_t at)
{
	switch (text[at]) {
	case ZWNJ:
		return parts_joined(text, n, at) || (after_virama(text, at) && before_letter(text, n, at));
	case ZWJ:
		return (after_virama(text, at) && !before_vowel_sign(text, n, at)) || before_virama(text, n, at) ||
		       joins_pictures(text, n, at);
	case MONGOLIAN_VOWEL_SEPARATOR:
		return at > 0 && is_mongolian(text[at - 1]) && at + 1 < n && is_mongolian(text[at + 1]);
	default:
		return is_in_flag(text, n, at);
	}
}
