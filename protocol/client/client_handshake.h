/*
 * The opening handshake of a WebSocket client (RFC 6455, sections 4.1 and 4.2.2): writes the request and checks the response. Pure.
 */
#ifndef PARLEY_CLIENT_HANDSHAKE_H
#define PARLEY_CLIENT_HANDSHAKE_H

#include "client/client_fault.h"
#include "client/ws_handshake.h"
#include "codec/buf.h"

enum { CLIENT_HANDSHAKE_HEAD_MAX = 16384 };

struct client_handshake {
	char key[WS_KEY_CHARS + 1];       /* Sec-WebSocket-Key */
	char accept[WS_ACCEPT_CHARS + 1]; /* the only Sec-WebSocket-Accept that answers it */
};

/* Makes the key from 16 random bytes. */
void client_handshake_init(struct client_handshake *h, const uint8_t random[WS_KEY_BYTES]);
/* Appends the request for /ws with the subprotocol parley.v1. */
void client_handshake_request(const struct client_handshake *h, const char *host_header, struct buf *out);
/* Returns the number of bytes of the response's head when it is whole and right. Returns 0 when more bytes are needed. Returns -EPROTO with *fault filled
 * when the server refuses or the head is wrong. */
long client_handshake_check(const struct client_handshake *h, const uint8_t *bytes, size_t n, struct client_fault *fault);

#endif
