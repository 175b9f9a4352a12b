/*
 * SHA-1 (RFC 3174), for one purpose: the Sec-WebSocket-Accept of RFC 6455. It protects nothing; use it for nothing else.
 * Pure functions, no allocation.
 */
#ifndef PARLEY_CLIENT_SHA1_H
#define PARLEY_CLIENT_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_BYTES = 20 };

/* The digest of n bytes. */
void sha1_digest(const void *bytes, size_t n, uint8_t out[SHA1_BYTES]);

#endif
