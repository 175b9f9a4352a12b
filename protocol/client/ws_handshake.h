/*
 * The key of a WebSocket's opening handshake and the answer that proves that it was read (RFC 6455, sections 4.1 and 4.2.2).
 * SHA-1 and base64 are OpenSSL's. A lack of memory ends the process. (The server takes libwebsockets' SHA-1, which allocates nothing: OpenSSL 3
 * crashes where memory runs out in its first use.) Any thread.
 */
#ifndef PARLEY_CLIENT_WS_HANDSHAKE_H
#define PARLEY_CLIENT_WS_HANDSHAKE_H

#include <stdint.h>

enum { WS_KEY_BYTES = 16, WS_KEY_CHARS = 24, WS_ACCEPT_CHARS = 28 };

/* Writes the value of Sec-WebSocket-Key and a NUL. */
void ws_handshake_key(const uint8_t random[WS_KEY_BYTES], char out[WS_KEY_CHARS + 1]);
/* Writes the only value of Sec-WebSocket-Accept that answers the key, and a NUL. The key needs no NUL behind it. */
void ws_handshake_accept(const char key[WS_KEY_CHARS], char out[WS_ACCEPT_CHARS + 1]);

#endif
