#include "ws_frame.h"

#include <errno.h>
#include <string.h>

enum {
	FIN_BIT = 0x80,
	RSV_BITS = 0x70,
	OPCODE_BITS = 0x0f,
	CONTROL_BIT = 0x08,
	MASK_BIT = 0x80,
	LENGTH_BITS = 0x7f,
	LENGTH_16 = 126,
	LENGTH_64 = 127,
};

/* Big-endian, as all numbers of the protocol. */
static void put_number(uint8_t *out, uint64_t v, size_t n_bytes)
{
	for (size_t i = n_bytes; i > 0; i--, v >>= 8)
		out[i - 1] = (uint8_t)v;
}

static uint64_t get_number(const uint8_t *bytes, size_t n_bytes)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n_bytes; i++)
		v = v << 8 | bytes[i];
	return v;
}

size_t ws_frame_text_header(uint8_t out[WS_FRAME_HEADER_MAX], uint64_t n)
{
	return ws_frame_header(out, WS_OP_TEXT, n);
}

size_t ws_frame_header(uint8_t out[WS_FRAME_HEADER_MAX], unsigned opcode, uint64_t n)
{
	out[0] = (uint8_t)(FIN_BIT | opcode);
	if (n < LENGTH_16) {
		out[1] = (uint8_t)n;
		return 2;
	}
	if (n <= UINT16_MAX) {
		out[1] = LENGTH_16;
		put_number(out + 2, n, 2);
		return 4;
	}
	out[1] = LENGTH_64;
	put_number(out + 2, n, 8);
	return 10;
}

int ws_frame_read_header(const uint8_t *bytes, size_t n, struct ws_frame *out)
{
	if (n < 2)
		return 0;

	struct ws_frame f = {
		.opcode = bytes[0] & OPCODE_BITS,
		.fin = (bytes[0] & FIN_BIT) != 0,
		.rsv = (uint8_t)((bytes[0] & RSV_BITS) >> 4),
		.masked = (bytes[1] & MASK_BIT) != 0,
	};
	uint8_t length = bytes[1] & LENGTH_BITS;
	size_t n_extra = length == LENGTH_16 ? 2 : length == LENGTH_64 ? 8 : 0;

	/* Section 5.5: control frames are short and whole. */
	if ((f.opcode & CONTROL_BIT) && (n_extra > 0 || !f.fin))
		return -EPROTO;
	if (n < 2 + n_extra)
		return 0;
	f.payload_bytes = n_extra > 0 ? get_number(bytes + 2, n_extra) : length;
	if (n_extra == 2 && f.payload_bytes < LENGTH_16)
		return -EPROTO;
	if (n_extra == 8 && (f.payload_bytes <= UINT16_MAX || f.payload_bytes > INT64_MAX))
		return -EPROTO;

	f.header_bytes = 2 + n_extra + (f.masked ? sizeof(f.mask) : 0);
	if (n < f.header_bytes)
		return 0;
	if (f.masked)
		memcpy(f.mask, bytes + 2 + n_extra, sizeof(f.mask));
	*out = f;
	return 1;
}

void ws_frame_mask(uint8_t *bytes, size_t n, const uint8_t mask[4], size_t offset)
{
	uint8_t turned[8]; /* the mask as it meets bytes[0], twice */
	uint64_t wide, word;
	size_t i = 0;

	for (size_t k = 0; k < sizeof(turned); k++)
		turned[k] = mask[(offset + k) & 3];
	memcpy(&wide, turned, sizeof(wide));
	for (; n - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		word ^= wide;
		memcpy(bytes + i, &word, sizeof(word));
	}
	for (; i < n; i++)
		bytes[i] ^= turned[i & 7];
}
