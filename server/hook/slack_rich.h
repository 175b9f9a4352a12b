/* Slack's block "rich_text": what its own editor makes, marks as members and not as characters. Pure; any thread. */
#ifndef PARLEY_HOOK_SLACK_RICH_H
#define PARLEY_HOOK_SLACK_RICH_H

#include "codec/buf.h"

#include <jansson.h>

void slack_rich_append(struct buf *out, const json_t *block);

#endif
