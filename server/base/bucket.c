#include "base/bucket.h"

/* The time that one costs: a microsecond at least. */
static uint64_t cost_us(uint64_t rate, uint64_t per_ms)
{
	uint64_t cost = per_ms * 1000 / rate;
	return cost ? cost : 1;
}

uint32_t bucket_take(struct bucket *b, uint64_t rate, uint64_t per_ms, uint64_t burst, uint64_t now_ms)
{
	return bucket_take_many(b, 1, rate, per_ms, burst, now_ms);
}

uint32_t bucket_take_many(struct bucket *b, uint64_t n, uint64_t rate, uint64_t per_ms, uint64_t burst, uint64_t now_ms)
{
	if (!rate)
		return 0;
	uint64_t most = burst ? burst : 1;
	uint64_t cost = cost_us(rate, per_ms);
	uint64_t most_debt, now_us = now_ms * 1000; /* most_debt: what a bucket owes when it is empty */
	if (__builtin_mul_overflow(cost, most, &most_debt))
		most_debt = UINT64_MAX;
	uint64_t price;
	if (n >= most || __builtin_mul_overflow(cost, n, &price))
		price = most_debt;
	uint64_t owed = b->empty_until_us > now_us ? b->empty_until_us - now_us : 0;
	uint64_t debt; /* with the price of this call */
	if (__builtin_add_overflow(owed, price, &debt))
		debt = UINT64_MAX;
	if (debt > most_debt) {
		uint64_t wait_ms = (debt - most_debt + 999) / 1000;
		return wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX;
	}
	b->empty_until_us = now_us + debt;
	return 0;
}
