/*
 * Values of headers and of the query, once the library has given them as text (NUL-terminated). Pure. Private to net/.
 */
#ifndef PARLEY_NET_HTTP_VALUE_H
#define PARLEY_NET_HTTP_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a comma-separated list holds the word, in any case. */
bool http_value_lists(const char *list, const char *word);
/* Whether an Accept-Encoding takes gzip (RFC 9110 section 12.5.3): named, and not with a quality of 0. */
bool http_value_accepts_gzip(const char *list);
/* Finds name=value in a Cookie header (RFC 6265 section 4.2.1). False: not there, empty, or cap bytes are not enough for it and a NUL; then
 * *out is "". */
bool http_value_cookie(const char *cookies, const char *name, char *out, size_t cap);
/* The value of "name=value", or NULL when it is another argument. */
const char *http_value_argument(const char *fragment, const char *name);

#endif
