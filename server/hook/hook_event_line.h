/*
 * The line of an event, from a table of templates (hook_template.h). The tables of the adapters for repositories are made of these rows. Pure; any thread.
 */
#ifndef PARLEY_HOOK_HOOK_EVENT_LINE_H
#define PARLEY_HOOK_HOOK_EVENT_LINE_H

#include "codec/buf.h"
#include "codec/request_decode.h"

#include <jansson.h>
#include <stdbool.h>

struct hook_event_line {
	const char *event, *action; /* action NULL: any, or none */
	const char *template_text;
};

/* Appends the line of the first row that has this event and action. False: none has, and there is nothing to say. */
bool hook_event_line_append(struct buf *out, const struct hook_event_line *rows, size_t n_rows, struct text event, struct text action,
			    const json_t *root);

#endif
