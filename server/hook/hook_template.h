/*
 * A line with places for values (text_template.h), which hook_value.h finds. What is absent leaves nothing. A brace that is not closed stands for itself, so every
 * text is a template. Pure; any thread.
 */
#ifndef PARLEY_HOOK_HOOK_TEMPLATE_H
#define PARLEY_HOOK_HOOK_TEMPLATE_H

#include "codec/buf.h"
#include "codec/request_decode.h"

#include <jansson.h>

/* What puts a value's text into the line: hook_text_line(), or one that leaves it as it is. */
typedef void (*hook_template_writer)(struct buf *out, struct text value);

/* Appends the template with the values of root. It stops where out reaches HOOK_TEXT_BYTES_MAX. */
void hook_template_append(struct buf *out, struct text template_text, const json_t *root, hook_template_writer write);
/* The same with hook_text_line(), for the templates of ours. */
void hook_template_line(struct buf *out, const char *template_text, const json_t *root);

#endif
