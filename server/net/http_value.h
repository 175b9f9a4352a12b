/*
 * Values of headers and of the query. Pure. Private to net/.
 */
#ifndef PARLEY_NET_HTTP_VALUE_H
#define PARLEY_NET_HTTP_VALUE_H

#include "net/http_request.h"

enum { HTTP_ARGUMENT_ABSENT = -1, HTTP_ARGUMENT_TOO_LONG = -2 };

/* Whether a comma-separated list (RFC 9110 section 5.6.1) holds the word, in any case. */
bool http_value_lists(struct http_text list, const char *word);
/* The first item of a comma-separated list, without white space around it; absent when there is none. */
struct http_text http_value_first(struct http_text list);
/* Whether an Accept-Encoding takes gzip (RFC 9110 section 12.5.3): named, and not with a quality of 0. */
bool http_value_accepts_gzip(struct http_text list);
/* Finds name=value in a Cookie header (RFC 6265 section 4.2.1). False: not there, empty, or cap bytes are not enough for it and a NUL; then
 * *out is "". */
bool http_value_cookie(struct http_text cookies, const char *name, char *out, size_t cap);
/* The i-th argument of this name in a query (application/x-www-form-urlencoded), decoded, with a NUL behind it: its length, or one of the two above. An
 * argument that holds a NUL is absent. */
int http_value_argument(struct http_text query, const char *name, size_t i, char *out, size_t cap);

/* Whether one of the fields of this name, each a comma-separated list, holds the word. */
bool http_request_lists(const struct http_request *r, const char *name, const char *word);

#endif
