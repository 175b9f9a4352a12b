/*
 * Values of headers and of the query. Pure. Private to net/.
 */
#ifndef PARLEY_NET_HTTP_HTTP_VALUE_H
#define PARLEY_NET_HTTP_HTTP_VALUE_H

#include "net/http/http_request.h"

enum { HTTP_ARGUMENT_ABSENT = -1, HTTP_ARGUMENT_TOO_LONG = -2 };

struct http_host {
	struct http_text name; /* an IPv6 address with its brackets */
	unsigned port;         /* 0: none is named; what is no port is larger than 65535 */
};

/* Whether a comma-separated list (RFC 9110 section 5.6.1) holds the word, in any case. */
bool http_value_lists(struct http_text list, const char *word);
/* Whether it is the word, in any case. */
bool http_value_is(struct http_text text, const char *word);
/* Without the quotes around it. What is escaped between them stays so: nothing that is asked for here has escapes. */
struct http_text http_value_unquoted(struct http_text item);
/* Takes host[:port] apart, as http_request.h gives it. */
struct http_host http_value_host(struct http_text host);
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
/* The last elements, at most so many, of the one list that all fields of this name are (RFC 9110 sections 5.3 and 5.6.1): the last one first, empty ones left
 * out. Returns how many there are in the whole list. */
size_t http_request_list_end(const struct http_request *r, const char *name, struct http_text *end, size_t most);

#endif
