/*
 * Normalisation (Unicode UAX #15) that stays the same when the libraries' tables grow: what was folded once and is kept in a store has to be found again by
 * every later version. Unicode never changes how characters that are there normalise and fold. So characters of Unicode 15.0, which is the oldest that the
 * libraries may have, are mapped, and later ones and those that no table knows yet are left as they are, for good. Any thread.
 */
#ifndef PARLEY_CODEC_TEXT_FOLD_H
#define PARLEY_CODEC_TEXT_FOLD_H

#include "buf.h"

#include <stdbool.h>

enum text_form {
	TEXT_FORM_NFC,
	TEXT_FORM_KEY, /* NFKC_Casefold: without regard to case, width and invisible characters */
};

/* Appends s in this form; false, with anything appended, if it is not UTF-8, or has more than 30 marks in a row that would have to be sorted (UAX #15, section 13: no
 * text of people has; the library's time grows with the square of their number). */
bool text_fold(const void *s, size_t n, enum text_form form, struct buf *out);

/* Appends the code points of s as int32_t, with one allocation at most; false if it is not UTF-8. */
bool text_codepoints(const void *s, size_t n, struct buf *out);

#endif
