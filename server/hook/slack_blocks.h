/*
 * Slack's blocks ("Block Kit", "Rich text") as text. What cannot be shown in a text (inputs, menus, files) is left out. Pure; any thread.
 */
#ifndef PARLEY_HOOK_SLACK_BLOCKS_H
#define PARLEY_HOOK_SLACK_BLOCKS_H

#include "codec/buf.h"

#include <jansson.h>

/* Appends what a list of blocks shows, a block a line. Nothing where it is no list. The nesting is bounded by whoever parsed it. */
void slack_blocks_append(struct buf *out, const json_t *blocks);

#endif
