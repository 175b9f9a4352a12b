/*
 * How long to wait before the next try: the pause doubles up to a second, and a part of it is random, because instances that lost one server are not to come
 * back to it at the same moment.
 *
 * Pure, but for the random part.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_PAUSE_H
#define PARLEY_BUS_REDIS_REDIS_PAUSE_H

#include "base/secret.h"

enum { REDIS_PAUSE_MS_MIN = 50, REDIS_PAUSE_MS_MAX = 1000, REDIS_PAUSE_DOUBLINGS_MAX = 5 };

/* Counts the failure. *n_failures is 0 after a success. */
static inline uint32_t redis_pause_ms(unsigned *n_failures)
{
	uint32_t most = (uint32_t)REDIS_PAUSE_MS_MIN << *n_failures;
	*n_failures += *n_failures < REDIS_PAUSE_DOUBLINGS_MAX;
	most = most < REDIS_PAUSE_MS_MAX ? most : REDIS_PAUSE_MS_MAX;
	return most / 2 + secret_random_below(most / 2 + 1);
}

#endif
