/*
 * What a character may do in a name (ICU's tables of characters). Invisible characters are let in only where they change how people's names are written, by
 * the rules of Unicode UAX #31, section 2.3.1 (A1, A2, B) and of emoji sequences (UTS #51, section 1.4). A character that the tables do not know yet is a
 * letter. Any thread.
 */
#ifndef PARLEY_CODEC_NAME_LETTER_H
#define PARLEY_CODEC_NAME_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum name_letter {
	NAME_LETTER_PLAIN,
	NAME_LETTER_SPACE,
	NAME_LETTER_MARK, /* sits on the letter before, in no place of its own */
	NAME_LETTER_SPACING_MARK,
	NAME_LETTER_INVISIBLE, /* only where name_letter_fits() */
	NAME_LETTER_BAD,
};

enum name_letter name_letter_of(int32_t codepoint);

/* Whether there is anything to see of it. */
bool name_letter_shows(int32_t codepoint);
/* Whether the invisible character at `at` has its effect there. */
bool name_letter_fits(const int32_t *text, size_t n, size_t at);

#endif
