/*
 * A text that mentions nobody by the rule of PROTOCOL.md ("Mentions"). That rule knows no mention in code and in addresses, so what is surely one of these stays as it
 * is. Whether the page takes something for code hangs on what is before it (web/src/text.js, links.js), so what is not quite clear is taken for words. Pure; any thread.
 */
#ifndef PARLEY_HOOK_HOOK_MENTIONS_H
#define PARLEY_HOOK_HOOK_MENTIONS_H

#include "codec/buf.h"
#include "codec/request_decode.h"

/*
 * Appends t, which is clean and has no white space at its ends, with a thin space behind each @ that could begin a mention, or with %40 for it where it may belong to an
 * address. The @ of an e-mail address stays. The text mentions nobody either when it is cut to `most` bytes or somewhat fewer, in which case code may lose its end.
 */
void hook_mentions_silence(struct buf *out, struct text t, size_t most);

#endif
