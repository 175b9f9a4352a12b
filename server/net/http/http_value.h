/*
 * Reads values of headers and of the query. Pure. Private to net/.
 */
#ifndef PARLEY_NET_HTTP_HTTP_VALUE_H
#define PARLEY_NET_HTTP_HTTP_VALUE_H

#include "net/http/http_request.h"

enum { HTTP_ARGUMENT_ABSENT = -1, HTTP_ARGUMENT_TOO_LONG = -2 };

struct http_host {
	struct http_text name; /* an IPv6 address with its brackets */
	unsigned port;         /* 0 when none is named; larger than 65535 when it is no port */
};

/* Returns whether a comma-separated list (RFC 9110 section 5.6.1) holds the word, in any case. */
bool http_value_lists(struct http_text list, const char *word);
/* Returns whether the text is the word, in any case. */
bool http_value_is(struct http_text text, const char *word);
/* Returns the item without the quotes around it. Escapes between them stay, because no value that is read here has escapes. */
struct http_text http_value_unquoted(struct http_text item);
/* Splits host[:port], as http_request.h gives it. */
struct http_host http_value_host(struct http_text host);
/* Returns whether an Accept-Encoding names gzip with a weight other than 0 (RFC 9110 section 12.5.3). */
bool http_value_accepts_gzip(struct http_text list);
/* Finds name=value in a Cookie header (RFC 6265 section 4.2.1). Returns false when it is absent or empty, and when it and a NUL do not fit into cap
 * bytes; *out is "" then. */
bool http_value_cookie(struct http_text cookies, const char *name, char *out, size_t cap);
/* Decodes the i-th argument of this name in a query (application/x-www-form-urlencoded) into out, with a NUL behind it. Returns its length, or one of
 * the two values above. An argument that holds a NUL counts as absent. */
int http_value_argument(struct http_text query, const char *name, size_t i, char *out, size_t cap);

/* Returns whether one of the fields of this name, each a comma-separated list, holds the word. */
bool http_request_lists(const struct http_request *r, const char *name, const char *word);
/* All fields of this name are one list (RFC 9110 sections 5.3 and 5.6.1). Writes at most `most` of its last elements, the last one first, without
 * empty ones. Returns the number of elements of the whole list. */
size_t http_request_list_end(const struct http_request *r, const char *name, struct http_text *end, size_t most);

#endif
