/*
 * Base64 with padding (RFC 4648, section 4). Encoding is all that the WebSocket handshake needs. Pure, no allocation.
 */
#ifndef PARLEY_CLIENT_BASE64_H
#define PARLEY_CLIENT_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that n bytes take, with a NUL. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* Writes BASE64_SIZE(n) bytes. */
void base64_encode(const uint8_t *bytes, size_t n, char *out);

#endif
