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

struct debt {
	uint64_t most_us; /* what a bucket owes when it is empty */
	uint64_t us;      /* what this one owes with n more */
};

static struct debt debt_with(const struct bucket *b, uint64_t n, uint64_t rate, uint64_t per_ms, uint64_t burst, uint64_t now_ms)
{
	uint64_t most = burst ? burst : 1;
	uint64_t cost = cost_us(rate, per_ms);
	struct debt d;
	if (__builtin_mul_overflow(cost, most, &d.most_us))
		d.most_us = UINT64_MAX;
	uint64_t price;
	if (n >= most || __builtin_mul_overflow(cost, n, &price))
		price = d.most_us;
	uint64_t now_us = now_ms * 1000;
	uint64_t owed = b->empty_until_us > now_us ? b->empty_until_us - now_us : 0;
	if (__builtin_add_overflow(owed, price, &d.us))
		d.us = UINT64_MAX;
	return d;
}

uint32_t bucket_take_many(struct bucket *b, uint64_t n, uint64_t rate, uint64_t per_ms, uint64_t burst, uint64_t now_ms)
{
	if (!rate)
		return 0;
	const struct debt d = debt_with(b, n, rate, per_ms, burst, now_ms);
	if (d.us > d.most_us) {
		uint64_t wait_ms = (d.us - d.most_us + 999) / 1000;
		return wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX;
	}
	b->empty_until_us = now_ms * 1000 + d.us;
	return 0;
}

void bucket_drain(struct bucket *b, uint64_t n, uint64_t rate, uint64_t per_ms, uint64_t burst, uint64_t now_ms)
{
	if (!rate)
		return;
	const struct debt d = debt_with(b, n, rate, per_ms, burst, now_ms);
	b->empty_until_us = now_ms * 1000 + (d.us < d.most_us ? d.us : d.most_us);
}

void bucket_give_back(struct bucket *b, uint64_t rate, uint64_t per_ms)
{
	uint64_t cost = rate ? cost_us(rate, per_ms) : 0;
	b->empty_until_us -= cost < b->empty_until_us ? cost : b->empty_until_us;
}
