/*
 * The client's time: milliseconds of CLOCK_MONOTONIC, for deadlines. Any thread.
 */
#ifndef PARLEY_CLIENT_CLIENT_CLOCK_H
#define PARLEY_CLIENT_CLIENT_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t client_clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
