/*
 * RFC 3174, section 6.1, over a message that lies in memory as a whole.
 */
#include "client/sha1.h"

#include <string.h>

enum { BLOCK_BYTES = 64, LENGTH_BYTES = 8 };

static uint32_t rotate_left(uint32_t word, unsigned by)
{
	return (word << by) | (word >> (32 - by));
}

/* The function and the constant of step t (sections 5 and 6). */
static uint32_t mix(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5A827999u;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ED9EBA1u;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCu;
	return (b ^ c ^ d) + 0xCA62C1D6u;
}

static void absorb(uint32_t h[5], const uint8_t block[BLOCK_BYTES])
{
	uint32_t w[80];

	for (unsigned t = 0; t < 16; t++)
		w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
	for (unsigned t = 16; t < 80; t++)
		w[t] = rotate_left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);

	uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
	for (unsigned t = 0; t < 80; t++) {
		uint32_t next = rotate_left(a, 5) + mix(t, b, c, d) + e + w[t];
		e = d;
		d = c;
		c = rotate_left(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void sha1_digest(const void *bytes, size_t n, uint8_t out[SHA1_BYTES])
{
	uint32_t h[5] = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u};
	const uint8_t *at = bytes;
	size_t left = n;
	uint8_t block[BLOCK_BYTES];

	for (; left >= BLOCK_BYTES; at += BLOCK_BYTES, left -= BLOCK_BYTES)
		absorb(h, at);

	/* Section 4: a one bit, zeros, and the length in bits; one or two blocks. */
	memset(block, 0, sizeof block);
	if (left > 0)
		memcpy(block, at, left);
	block[left] = 0x80;
	if (left >= BLOCK_BYTES - LENGTH_BYTES) {
		absorb(h, block);
		memset(block, 0, sizeof block);
	}
	uint64_t bits = (uint64_t)n * 8;
	for (unsigned i = 0; i < LENGTH_BYTES; i++)
		block[BLOCK_BYTES - 1 - i] = (uint8_t)(bits >> (8 * i));
	absorb(h, block);

	for (unsigned i = 0; i < SHA1_BYTES; i++)
		out[i] = (uint8_t)(h[i / 4] >> (8 * (3 - i % 4)));
}
