/*
 * getentropy(3) in two forms.
 */
#include "client/client_random.h"

#include <stdlib.h>
#include <unistd.h>

void client_random_bytes(void *out, size_t n)
{
	if (getentropy(out, n) != 0)
		abort();
}

uint32_t client_random_below(uint32_t below)
{
	uint32_t word;

	client_random_bytes(&word, sizeof word);
	return (uint32_t)((uint64_t)word * below >> 32);
}
