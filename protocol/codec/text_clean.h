/*
 * What people write, made safe to store and show (utf8proc, ICU; Unicode UAX #15).
 * All functions but the last take valid UTF-8.
 */
#ifndef PARLEY_CODEC_TEXT_CLEAN_H
#define PARLEY_CODEC_TEXT_CLEAN_H

#include "buf.h"

#include <stdbool.h>

/* Appends a message text without control characters other than newline and tab (CRLF becomes LF). Returns bytes appended. */
size_t text_clean_message(const char *s, size_t n, struct buf *out);

enum name_fault {
	NAME_OK,
	NAME_EMPTY,
	NAME_TOO_LONG,
	NAME_BAD_CHARACTER,
	NAME_INVISIBLE_CHARACTER,
	NAME_TOO_MANY_MARKS,
	NAME_LOOKS_LIKE_ID
};

/* Checks a name of a person or room: NFC, white space trimmed and runs folded to one space, no control, format (bidi), private-use or surrogate
 * characters, joiners only where a language or an emoji needs them (name_letter.h), at most 4 nonspacing marks in a row (Unicode UTS #39, section 5.4), not of
 * the form of a UUID. Appends the name to show to `shown` and its key for uniqueness to `key`. max_bytes 0: no limit. */
enum name_fault text_clean_name(const char *s, size_t n, size_t max_bytes, struct buf *shown, struct buf *key);
/* Appends the key by which a name is found. It refuses nothing, so that later tables of characters do not hide a name that was taken once. Nothing is
 * appended where no name has such a key. */
void text_name_key(const char *s, size_t n, struct buf *key);
/* What completes the sentence "the name …". */
const char *name_fault_text(enum name_fault f);

/* Whether bytes are UTF-8. For what comes from a disk. */
bool text_is_utf8(const void *s, size_t n);

#endif
