/*
 * A histogram of durations with a relative error below 1/64 at any size: powers of two, each cut into 64 equal parts.
 * A plain struct of about 20 KiB without other memory. One thread writes. The unit is a nanosecond, up to 2^42 (73 minutes).
 */
#ifndef PARLEY_CLI_BENCH_HISTOGRAM_H
#define PARLEY_CLI_BENCH_HISTOGRAM_H

#include <stdint.h>

enum { BENCH_HISTOGRAM_CUT_BITS = 6, BENCH_HISTOGRAM_TOP_BITS = 42 };
enum { BENCH_HISTOGRAM_CELLS = (BENCH_HISTOGRAM_TOP_BITS - BENCH_HISTOGRAM_CUT_BITS + 1) << BENCH_HISTOGRAM_CUT_BITS };

struct bench_histogram {
	uint64_t n;
	uint64_t max; /* exact */
	uint64_t cells[BENCH_HISTOGRAM_CELLS];
};

void bench_histogram_add(struct bench_histogram *h, uint64_t ns);
/* Returns the duration, in milliseconds, that a share (0 to 1) of all durations does not exceed. Returns 0 when there are none. */
double bench_histogram_ms(const struct bench_histogram *h, double share);
double bench_histogram_max_ms(const struct bench_histogram *h);

#endif
