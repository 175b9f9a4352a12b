/*
 * Reading the head of a request out of the library. Only inside its callbacks, while the head is attached. Private to net/.
 */
#ifndef PARLEY_NET_HTTP_HEAD_H
#define PARLEY_NET_HTTP_HEAD_H

#include <libwebsockets.h>

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_PATH_BYTES = 1024 };

enum { HTTP_ARGUMENT_ABSENT = -1, HTTP_ARGUMENT_TOO_LONG = -2 };

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

/* Whether the library holds (the begin of) a head for this connection. */
bool http_head_attached(struct lws *wsi);
bool http_head_has(struct lws *wsi, enum lws_token_indexes token);
/* More than once in the request. */
bool http_head_repeated(struct lws *wsi, enum lws_token_indexes token);
/* The value without white space around it: its length, 0 when absent or empty, -1 when it does not fit. Always ends with a NUL. */
int http_head_value(struct lws *wsi, enum lws_token_indexes token, char *out, size_t cap);
/* The same for a header that the library has no token for; name in lower case with its colon. */
int http_head_custom(struct lws *wsi, const char *name, char *out, size_t cap);
/* The path and the values of all headers that the library knows (which it counts is up to its version; Cookie and Authorization are among them). */
size_t http_head_bytes(struct lws *wsi);
enum http_method http_head_method(struct lws *wsi);
/* The path, percent-decoded by the library, without the query. -1 when it does not fit or holds a NUL. */
int http_head_path(struct lws *wsi, char out[HTTP_PATH_BYTES]);
/* The i-th argument of the query that begins with "name=", decoded: its length, or one of the two above. */
int http_head_argument(struct lws *wsi, const char *name, size_t i, char *out, size_t cap);

#endif
