/*
 * getrandom(2) behind three verbs.
 */
#include "client/client_random.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

void client_random_bytes(void *out, size_t n)
{
	uint8_t *at = out;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);
		assert(got > 0 || errno == EINTR);
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
}

struct uid client_random_uid(void)
{
	struct uid id;

	client_random_bytes(id.b, sizeof id.b);
	id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x40);
	id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
	return id;
}

uint32_t client_random_below(uint32_t below)
{
	uint32_t word;

	client_random_bytes(&word, sizeof word);
	return (uint32_t)((uint64_t)word * below >> 32);
}
