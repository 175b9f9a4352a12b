/*
 * The cell of a value: its highest bit gives the power of two, the six bits below give the part of it.
 */
#include "cli/bench_histogram.h"

enum { CUTS = 1 << BENCH_HISTOGRAM_CUT_BITS };

static unsigned cell_of(uint64_t ns)
{
	if (ns < CUTS)
		return (unsigned)ns;
	unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - BENCH_HISTOGRAM_CUT_BITS;
	unsigned cell = (shift << BENCH_HISTOGRAM_CUT_BITS) + (unsigned)(ns >> shift);
	return cell < BENCH_HISTOGRAM_CELLS ? cell : BENCH_HISTOGRAM_CELLS - 1;
}

/* Returns the largest value of a cell. */
static uint64_t cell_top(unsigned cell)
{
	if (cell < 2 * CUTS)
		return cell;
	unsigned shift = (cell >> BENCH_HISTOGRAM_CUT_BITS) - 1;
	uint64_t part = (cell & (CUTS - 1)) + CUTS;
	return ((part + 1) << shift) - 1;
}

void bench_histogram_add(struct bench_histogram *h, uint64_t ns)
{
	h->n++;
	h->cells[cell_of(ns)]++;
	if (ns > h->max)
		h->max = ns;
}

double bench_histogram_ms(const struct bench_histogram *h, double share)
{
	uint64_t rank = (uint64_t)((double)h->n * share), passed = 0;

	if (h->n == 0)
		return 0;
	if (rank >= h->n)
		rank = h->n - 1;
	for (unsigned cell = 0; cell < BENCH_HISTOGRAM_CELLS; cell++) {
		passed += h->cells[cell];
		if (passed > rank)
			return (double)(cell_top(cell) < h->max ? cell_top(cell) : h->max) / 1e6;
	}
	return (double)h->max / 1e6;
}

double bench_histogram_max_ms(const struct bench_histogram *h)
{
	return (double)h->max / 1e6;
}
