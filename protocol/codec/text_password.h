/*
 * Passwords as RFC 8265 prepares them (the profile OpaqueString over FreeformClass of RFC 8264), so that one password is the same from every keyboard: spaces
 * of all kinds are U+0020, accents are composed (NFC), case and width stay. Any thread.
 */
#ifndef PARLEY_CODEC_TEXT_PASSWORD_H
#define PARLEY_CODEC_TEXT_PASSWORD_H

#include "buf.h"

#include <stdbool.h>

/* Appends the prepared password. False, with `out` as it was, where it is empty or has what FreeformClass does not allow: control, invisible and unassigned
 * characters, and some that need others beside them and lack those. Whoever gives `out` memory wipes it. */
bool text_password(const char *s, size_t n, struct buf *out);

#endif
