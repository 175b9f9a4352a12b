/* Token buckets. A rate of 0 is no limit. */
#ifndef PARLEY_BASE_BUCKET_H
#define PARLEY_BASE_BUCKET_H

#include <stdint.h>

/* A zeroed bucket is full. */
struct bucket {
	uint64_t empty_until_us; /* the time at which the debt is paid (virtual scheduling, GCRA) */
};

/* Takes one of `rate` per `per_ms`, with a burst of `burst`. Returns 0 when it is taken. Otherwise it takes nothing and returns the milliseconds
 * to wait, at least 1. */
uint32_t bucket_take(struct bucket *b, uint64_t rate, uint64_t per_ms, uint64_t burst, uint64_t now_ms);
/* Takes n at once. An n above the burst counts as the burst. */
uint32_t bucket_take_many(struct bucket *b, uint64_t n, uint64_t rate, uint64_t per_ms, uint64_t burst, uint64_t now_ms);
/* Takes n, or what is left. */
void bucket_drain(struct bucket *b, uint64_t n, uint64_t rate, uint64_t per_ms, uint64_t burst, uint64_t now_ms);
/* Puts one back. */
void bucket_give_back(struct bucket *b, uint64_t rate, uint64_t per_ms);

#endif
