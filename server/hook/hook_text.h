/*
 * Words of others, put into a message. The page shows `*` and backticks in pairs as markup and makes links of bare addresses (web/src/text.js), and no sign
 * takes that away from a character; so where they are no markup, characters that look like them are written. Pure; any thread. All take valid UTF-8.
 */
#ifndef PARLEY_HOOK_HOOK_TEXT_H
#define PARLEY_HOOK_HOOK_TEXT_H

#include "codec/buf.h"
#include "codec/request_decode.h"

#include <stdbool.h>

enum { HOOK_LINE_BYTES_MAX = 300 }; /* of one value in a line */

/* What is in a buffer; lives until it changes. Never NULL. */
struct text hook_text_of(const struct buf *b);
bool hook_text_is(struct text t, const char *word);
/* Without white space (of ASCII) at its ends. */
struct text hook_text_trimmed(struct text t);
/* How many of n bytes to keep so that no character is cut and no more than most are left. */
size_t hook_text_cut(const char *s, size_t n, size_t most);

/* Appends a text so that people read it as it is. Line breaks stay. */
void hook_text_literal(struct buf *out, struct text t);
/* The same on one line: white space becomes one space, and a long text ends with … */
void hook_text_line(struct buf *out, struct text t);
/* Appends a text within `mark` ("**", "*", "~~"), white space outside of it and each line by itself. Its own markup has to be gone. */
void hook_text_marked(struct buf *out, struct text t, const char *mark);
/* Appends code on a line of its own, or as a block where it has line breaks. */
void hook_text_code(struct buf *out, struct text t);

/* Whether it is an address that may be a link: http or https, and no white space, control characters, quotes or angle brackets. */
bool hook_text_is_address(struct text t);
/* How many bytes from here belong to an address that the text has as it is; 0: none begins here. */
size_t hook_text_address_bytes(struct text t);
/* Appends an address so that nothing in it is markup. */
void hook_text_address(struct buf *out, struct text t);
/* Appends `label (address)`, or what of it there is. The label is appended as it is. */
void hook_text_link(struct buf *out, struct text label, struct text address);

/* Begins another line where something is before it on this one. */
void hook_text_break(struct buf *out);
/* Appends what it has, without white space around it, on lines of its own. */
void hook_text_part(struct buf *out, struct text part);

#endif
