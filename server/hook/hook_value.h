/*
 * Values of a post, found by a path of member names and of places in lists, with dots between: "issue.title", "pages.0.title". Pure; any thread.
 */
#ifndef PARLEY_HOOK_HOOK_VALUE_H
#define PARLEY_HOOK_HOOK_VALUE_H

#include "codec/buf.h"
#include "codec/request_decode.h"

#include <jansson.h>
#include <stdbool.h>

/* Borrowed from root. NULL: there is none. Where an object has no member of the next name, all that is left is tried as one name. */
const json_t *hook_value_find(const json_t *root, struct text path);
const json_t *hook_value_at(const json_t *root, const char *path);
/* A string; otherwise empty, never NULL. Lives as long as the value. */
struct text hook_value_text(const json_t *value);
/* The string there. */
struct text hook_value_string(const json_t *root, const char *path);
/* Whether there is this string. */
bool hook_value_is(const json_t *root, const char *path, const char *word);
/* Whether it is true or a number other than 0, which is how some write it. */
bool hook_value_is_true(const json_t *root, const char *path);
/* Appends it as people read it: nothing for NULL and null, a list or an object as JSON. At most `most` bytes of a text. */
void hook_value_append(struct buf *out, const json_t *value, size_t most);

#endif
