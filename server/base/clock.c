#include "base/clock.h"

#include <assert.h>
#include <time.h>

uint64_t clock_mono_ns(void)
{
	struct timespec t;
	int failed = clock_gettime(CLOCK_MONOTONIC, &t);
	assert(!failed);
	(void)failed;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_mono_ms(void)
{
	return clock_mono_ns() / 1000000u;
}

int64_t clock_wall_ms(void)
{
	struct timespec t;
	int failed = clock_gettime(CLOCK_REALTIME, &t);
	assert(!failed);
	(void)failed;
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
