/*
 * Discord's Markdown as ours ("Message Formatting"): `[label](address)` becomes `label (address)`, `<@…>`, `<#…>`, `<:name:…>` and `<t:…>` become words,
 * `<address>` the address. All else is Markdown already and stays. Pure; any thread.
 */
#ifndef PARLEY_HOOK_DISCORD_MARKUP_H
#define PARLEY_HOOK_DISCORD_MARKUP_H

#include "codec/buf.h"
#include "codec/request_decode.h"

/* Valid UTF-8. */
void discord_markup_append(struct buf *out, struct text t);

#endif
