/* A line with places for values: `{field.path}`, and `{{` and `}}` for braces. Pure; any thread. */
#ifndef PARLEY_CODEC_TEXT_TEMPLATE_H
#define PARLEY_CODEC_TEXT_TEMPLATE_H

#include "codec/request_decode.h"

/* Returns how many bytes stand at the beginning of t together: a place, whose path is then given, a brace that is written twice, or one byte. t has one at least. */
size_t text_template_piece(struct text t, struct text *path);
/* Whether each brace that begins a place has its end. */
bool text_template_is_closed(struct text t);

#endif
