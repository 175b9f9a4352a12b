/*
 * Slack's markup as the Markdown that Parley shows (Slack: "Formatting text for app surfaces"). Pure; any thread.
 *
 * `*b*` becomes `**b**`, `_i_` `*i*`, `~s~` `~~s~~`; code stays code; `<address|label>` becomes `label (address)`, because the page has no links with a
 * label; `<@U…>`, `<#C…|name>`, `<!here>` become words; `&amp;`, `&lt;` and `&gt;` what they stand for. Marks count where Slack counts them: at the edges
 * of words and within one line. All else is shown as it is written.
 */
#ifndef PARLEY_HOOK_SLACK_MARKUP_H
#define PARLEY_HOOK_SLACK_MARKUP_H

#include "codec/buf.h"
#include "codec/request_decode.h"

/* Appends a text of the kind "mrkdwn". Valid UTF-8. */
void slack_markup_append(struct buf *out, struct text t);
/* Appends a text of the kind "plain_text", or with "mrkdwn": false: entities and what is in angle brackets, but no marks. */
void slack_plain_append(struct buf *out, struct text t);

#endif
