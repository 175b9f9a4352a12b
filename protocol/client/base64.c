/*
 * RFC 4648, section 4.
 */
#include "client/base64.h"

void base64_encode(const uint8_t *bytes, size_t n, char *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t group = (uint32_t)bytes[i] << 16;
		if (i + 1 < n)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < n)
			group |= bytes[i + 2];
		*out++ = alphabet[group >> 18 & 63];
		*out++ = alphabet[group >> 12 & 63];
		*out++ = '=';
		*out++ = '=';
		if (i + 1 < n)
			out[-2] = alphabet[group >> 6 & 63];
		if (i + 2 < n)
			out[-1] = alphabet[group & 63];
	}
	*out = '\0';
}
