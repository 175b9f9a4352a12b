/*
 * How the decoder words its refusals; the client words its own in the same way. What a client sent is quoted as printable ASCII only, so a
 * message is always valid UTF-8, harmless in a log, and cut anywhere.
 */
#ifndef PARLEY_CODEC_REQUEST_FAULT_H
#define PARLEY_CODEC_REQUEST_FAULT_H

#include "request_decode.h"

/* Fills *fault; returns false, so that a check can end with it. */
bool request_fault_set(struct request_fault *fault, enum wire_error code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same about a member of `data`, named by a constant. */
bool request_fault_of(struct request_fault *fault, enum wire_error code, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* That what people call `people_say` ("the name") is too long, in words for them. */
bool request_fault_too_long(struct request_fault *fault, const char *field, const char *people_say, uint64_t n_bytes, uint64_t most_bytes);

/* Copies at most size-1 bytes and a NUL; what is not printable ASCII becomes '?', a double quote a single one. */
void request_fault_quote(char *out, size_t size, const void *bytes, size_t n);

#endif
