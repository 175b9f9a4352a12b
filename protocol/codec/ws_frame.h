/*
 * RFC 6455 section 5.2 frame headers. Server frames are unmasked, client frames masked; only whole frames are made.
 */
#ifndef PARLEY_CODEC_WS_FRAME_H
#define PARLEY_CODEC_WS_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum { WS_FRAME_HEADER_MAX = 14 };
enum { WS_OP_CONTINUATION = 0x0, WS_OP_TEXT = 0x1, WS_OP_BINARY = 0x2, WS_OP_CLOSE = 0x8, WS_OP_PING = 0x9, WS_OP_PONG = 0xA };

/* Writes the header of an unmasked, final frame with n payload bytes; returns its length (2, 4 or 10). */
size_t ws_frame_header(uint8_t out[WS_FRAME_HEADER_MAX], unsigned opcode, uint64_t n);
/* The same for a text frame. */
size_t ws_frame_text_header(uint8_t out[WS_FRAME_HEADER_MAX], uint64_t n);

struct ws_frame {
	uint8_t opcode;
	uint8_t fin;    /* 1 for a final fragment */
	uint8_t rsv;    /* the three reserved bits */
	uint8_t masked; /* 1 with a mask */
	uint8_t mask[4];
	size_t header_bytes;
	uint64_t payload_bytes;
};

/* Reads a frame's header from n bytes: 1 when whole, 0 when more bytes are needed, -EPROTO when it can never be one
 * (RFC 6455: a length not in its shortest form, or with its top bit set; a control frame over 125 bytes or fragmented). */
int ws_frame_read_header(const uint8_t *bytes, size_t n, struct ws_frame *out);
/* Applies (or removes) the mask in place; offset is the position of bytes[0] within the payload. */
void ws_frame_mask(uint8_t *bytes, size_t n, const uint8_t mask[4], size_t offset);

#endif
