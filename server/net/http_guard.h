/*
 * What every request must be before anything looks at it: one clear message that no proxy in front could read differently (RFC 9112,
 * request smuggling). The library checks none of this.
 *
 * Answered by the library itself, without us: an unknown method, a malformed escape in the path, and an absolute-form or other target that
 * does not begin with "/" (403 with a page of its own, then closed); a head of NET_HEAD_SPARE more than limits.head_bytes, of too many headers, or
 * that is too large because of headers that the library has no name for (closed without an answer); an Upgrade to anything but "websocket" or "h2c"
 * (403, closed). CONNECT is closed without an answer (net_server.c). Known gaps: headers without such a name do not count into limits.head_bytes, only
 * into what the library keeps; a bare LF ends a line; folded lines are dropped instead of refused; headers may stand before the request line; white
 * space of more than two characters before a colon makes another header of it.
 */
#ifndef PARLEY_NET_HTTP_GUARD_H
#define PARLEY_NET_HTTP_GUARD_H

#include <libwebsockets.h>

#include <stdbool.h>
#include <stdint.h>

enum { HTTP_NO_LENGTH = -1 };

/* NULL when the request is sound, else what is wrong with it: answer 400 and close. *content_length: the body's, or HTTP_NO_LENGTH. */
const char *http_guard(struct lws *wsi, int64_t *content_length);

#endif
