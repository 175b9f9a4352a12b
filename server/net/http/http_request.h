/*
 * Reads the head of an HTTP/1.1 request by the grammar of RFC 9112 and nothing else. Every other strict reader takes what this reader takes, and
 * understands it in the same way. A head is whole, or needs more bytes, or is refused with a status and a sentence. Nothing is repaired, skipped or
 * guessed. One empty line before the request line is allowed (section 2.2). Pure; any thread.
 *
 * The reader refuses among others: a bare CR or LF, folded lines, white space before a colon, a name that is no token, control characters in values,
 * Transfer-Encoding in any form, Host missing, twice or malformed, Content-Length twice or anything but digits, a field that may stand once only and stands
 * twice, methods but GET, HEAD and POST, targets in authority-form or asterisk-form, an absolute-form whose authority is not the Host, a path that is not in
 * its normal form.
 *
 * Why not the library's: libwebsockets reads some heads otherwise than every proxy does. A name that begins like a known one swallows the next line, and LF,
 * folds and NUL pass. Its frame reader takes lengths in a longer form and unmasked frames, and drops quick pings. Neither can be mended from outside, and
 * under TLS the bytes cannot be looked at before. This reader and ws_read.c serve connections with TLS and without, and requests may be pipelined.
 *
 * The texts point into the bytes that were read and live as long as these.
 */
#ifndef PARLEY_NET_HTTP_HTTP_REQUEST_H
#define PARLEY_NET_HTTP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_FIELDS_MAX = 100, HTTP_NO_LENGTH = -1 };

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

/* A part of the head, without a NUL behind it. s is NULL when the part is absent. */
struct http_text {
	const char *s;
	size_t n;
};

struct http_field {
	struct http_text name;  /* as it was sent */
	struct http_text value; /* without the white space around it; may be empty */
};

struct http_request {
	size_t n_bytes; /* of the head with its empty line: what follows is the body or the next request */
	enum http_method method;
	bool is_http_10;
	struct http_text path;  /* in its normal form (section 4.2.3 of RFC 9110), still percent-encoded; begins with "/" */
	struct http_text query; /* what follows "?"; s is NULL without one */
	struct http_text host;  /* the Host field, or the target's authority: host[:port]; absent only with HTTP/1.0 */
	int64_t content_length; /* or HTTP_NO_LENGTH */
	size_t n_fields;
	struct http_field fields[HTTP_FIELDS_MAX];
	/* HTTP_REQUEST_BAD only */
	int status;        /* 400, 405, 417, 431, 505 */
	const char *fault; /* a sentence that names what is wrong, static; NULL: the status says it all */
};

enum http_request_result { HTTP_REQUEST_WHOLE, HTTP_REQUEST_MORE, HTTP_REQUEST_BAD };

/* Reads a head at the start of n bytes. Returns MORE when the head is not whole yet and none of its whole lines is wrong. The caller limits how
 * large a head may become. */
enum http_request_result http_request_read(const char *bytes, size_t n, struct http_request *out);

/* Returns the first field of this name, in any case. It searches behind *after when `after` is not NULL. Returns NULL when there is none. */
const struct http_field *http_request_field(const struct http_request *r, const char *name, const struct http_field *after);
/* Returns the value of the only field that may have this name. The value is absent when there is none. */
struct http_text http_request_value(const struct http_request *r, const char *name);

#endif
