#include "webhook/webhook_schedule.h"

#include <assert.h>
#include <string.h>
#include <time.h>

/* The pause after the first, second, … attempt, in seconds. */
static const uint32_t pauses_s[WEBHOOK_ATTEMPTS_MAX - 1] = {5,         5 * 60,    30 * 60,   2 * 3600, 5 * 3600,
							    10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600};

const char *webhook_end_word(enum webhook_end end)
{
	static const char *const words[] = {
#define X(name, word) [WEBHOOK_##name] = word,
		WEBHOOK_END_TABLE(X)
#undef X
	};
	return words[end];
}

/* 1000 times the pause after this attempt. */
static uint64_t pause_us(const struct webhook_schedule *s, unsigned attempt)
{
	return (uint64_t)pauses_s[attempt - 1] * 1000 * s->retry_ms / (WEBHOOK_RETRY_MS / 1000);
}

/* Returns 0.8 to 1.2 times the pause. */
static uint64_t pause_ms(const struct webhook_schedule *s, unsigned attempt, uint32_t random)
{
	return pause_us(s, attempt) * (800 + random % 401) / 1000000;
}

uint64_t webhook_schedule_ms(const struct webhook_schedule *s)
{
	uint64_t all_us = 0;
	for (unsigned attempt = 1; attempt < WEBHOOK_ATTEMPTS_MAX; attempt++)
		all_us += pause_us(s, attempt);
	return all_us / 1000;
}

uint64_t webhook_probe_ms(const struct webhook_schedule *s, uint32_t random)
{
	return pause_ms(s, 2, random);
}

static bool read_seconds(const char *value, uint64_t *out)
{
	size_t n = strspn(value, "0123456789");
	if (!n || value[n])
		return false;
	*out = 0;
	for (size_t i = 0; i < n && *out <= WEBHOOK_RETRY_AFTER_MAX_S; i++)
		*out = *out * 10 + (uint64_t)(value[i] - '0');
	if (*out > WEBHOOK_RETRY_AFTER_MAX_S)
		*out = WEBHOOK_RETRY_AFTER_MAX_S;
	return true;
}

/* The names of days and months are English: the process sets no locale. */
static bool read_date(const char *value, int64_t *out_s)
{
	static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {0};
		const char *end = strptime(value, forms[i], &tm);
		if (end && !*end && tm.tm_year >= 0 && tm.tm_year < 8100) {
			*out_s = timegm(&tm);
			return true;
		}
	}
	return false;
}

bool webhook_retry_after(const char *value, int64_t now_wall_ms, uint64_t *after_s)
{
	int64_t at_s;
	if (read_seconds(value, after_s))
		return true;
	if (!read_date(value, &at_s))
		return false;
	int64_t left_s = at_s - now_wall_ms / 1000;
	*after_s = left_s < 0 ? 0 : left_s > WEBHOOK_RETRY_AFTER_MAX_S ? WEBHOOK_RETRY_AFTER_MAX_S : (uint64_t)left_s;
	return true;
}

struct webhook_next webhook_next_of(const struct webhook_schedule *s, const struct webhook_outcome *o, unsigned attempt,
				    int64_t now_wall_ms, uint32_t random)
{
	assert(attempt >= 1);
	unsigned status = o->end == WEBHOOK_ANSWERED ? o->status : 0;
	if (o->end == WEBHOOK_CANCELLED)
		return (struct webhook_next){.step = WEBHOOK_AGAIN};
	if (status >= 200 && status < 300)
		return (struct webhook_next){.step = WEBHOOK_DELIVERED};
	if (status == 410)
		return (struct webhook_next){.step = WEBHOOK_DISABLE};
	struct webhook_next next = {.step = attempt >= s->attempts ? WEBHOOK_GIVEN_UP : WEBHOOK_RETRY};
	bool is_busy = status == 429 || status == 502 || status == 504;
	uint64_t asked_s = 0;
	bool asks = status && webhook_retry_after(o->retry_after, now_wall_ms, &asked_s);
	if (is_busy)
		next.pause_ms = pause_ms(s, 1, random);
	if (is_busy && asks && asked_s * 1000 > next.pause_ms)
		next.pause_ms = asked_s * 1000;
	if (next.step != WEBHOOK_RETRY)
		return next;
	next.after_ms = pause_ms(s, attempt, random);
	if (asks && asked_s * 1000 > next.after_ms)
		next.after_ms = asked_s * 1000;
	return next;
}
