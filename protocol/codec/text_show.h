/*
 * Text from others, made safe to print on a terminal or into a log: nothing that a terminal obeys, that begins a line of its own, or that makes a
 * reader see another order than there is. Each such character is shown as JSON would escape it (RFC 8259, section 7): the control characters
 * (C0, DEL, C1), the line and paragraph separators, all that have the property Bidi_Control (Unicode UAX #9), and U+FEFF. A byte that is
 * no UTF-8 (RFC 3629) is shown as the escaped U+FFFD.
 *
 * A JSON text without white space between its tokens stays the same JSON: the characters above stand in strings only.
 *
 * Threads: any; nothing is kept.
 */
#ifndef PARLEY_CODEC_TEXT_SHOW_H
#define PARLEY_CODEC_TEXT_SHOW_H

#include "codec/buf.h"

#include <stddef.h>

enum { TEXT_SHOW_ESCAPE_BYTES = 7 };

/* Looks at the first character of n > 0 bytes and returns how many bytes it takes. `escape` becomes "" when it may be shown as it stands,
 * otherwise what to show in its place. */
size_t text_show_next(const char *s, size_t n, char escape[TEXT_SHOW_ESCAPE_BYTES]);

/* Appends all n bytes as they are to be shown. */
void text_show(struct buf *out, const char *s, size_t n);

#endif
