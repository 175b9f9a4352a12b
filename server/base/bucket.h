/* Token buckets. rate 0: no limit. */
#ifndef PARLEY_BASE_BUCKET_H
#define PARLEY_BASE_BUCKET_H

#include <stdint.h>

/* Zeroed means full. */
struct bucket {
	uint64_t empty_until_us; /* when the debt is paid: virtual scheduling (GCRA), one number of state */
};

/* Takes one of `rate` per `per_ms`, with a burst of `burst`. Returns 0, or the milliseconds (>= 1) to wait. Nothing is taken then. */
uint32_t bucket_take(struct bucket *b, uint64_t rate, uint64_t per_ms, uint64_t burst, uint64_t now_ms);
/* The same with n at once; more than the burst counts as the burst. */
uint32_t bucket_take_many(struct bucket *b, uint64_t n, uint64_t rate, uint64_t per_ms, uint64_t burst, uint64_t now_ms);

#endif
