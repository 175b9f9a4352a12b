/*
 * From untrusted bytes to a JSON object, or to a refusal that names the member it is about. For protocol/codec, and for the client
 * that looks at a request with the server's eyes before it goes out.
 *
 * The nesting is measured on the raw bytes first, so the parser (which recurses) never sees more levels than allowed. The same look tells which of
 * the two parsers takes the bytes, so that few are parsed twice.
 */
#ifndef PARLEY_CODEC_JSON_CHECK_H
#define PARLEY_CODEC_JSON_CHECK_H

#include "limits.h"
#include "request_fault.h"

enum { JSON_CHECK_DEPTH_MAX = LIMIT_JSON_DEPTH_MOST }; /* holds even where depth_limit is 0 (none) */

/* What is parsed: a whole frame, or the value of its member `data` alone, which counts as one level down. */
enum json_scope { JSON_SCOPE_FRAME, JSON_SCOPE_DATA };

/*
 * The value of this member of the document's own (a string with its quotes, or a number), found in one pass that builds nothing, in bytes that were
 * not parsed, or that are no JSON. The name has letters only; it is found in escapes, too. False when there is none to be found. What was found is not checked yet.
 */
bool json_check_find(const uint8_t *bytes, size_t n, const char *name, const uint8_t **value, size_t *n_value);

/* The caller owns the result. NULL with *fault filled when the bytes are not one JSON object. */
json_t *json_check_parse(const uint8_t *bytes, size_t n, enum json_scope scope, uint64_t depth_limit, struct request_fault *fault);

#endif
