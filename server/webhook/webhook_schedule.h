/*
 * What follows from the outcome of an attempt to deliver an event: nothing more, another attempt at a time, or the end of it. Pure; any thread.
 *
 * Standard Webhooks 1.0, "Deliverability and reliability": success is 2xx alone, and a redirect is a failure. 410 disables the endpoint. Ten attempts, at
 * once and 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h after the one before, each pause up to a fifth shorter or longer so that what failed together does
 * not come back together. 429, 502 and 504 say that the endpoint has too much to do: everything for it waits, not this event alone, as long as after a first attempt, or as long as it
 * asks for.
 *
 * Another first pause makes all of them longer or shorter in proportion.
 */
#ifndef PARLEY_WEBHOOK_SCHEDULE_H
#define PARLEY_WEBHOOK_SCHEDULE_H

#include "webhook/webhook_outcome.h"

#include <stdbool.h>

enum {
	WEBHOOK_ATTEMPTS_MAX = 10,
	WEBHOOK_RETRY_MS = 5000,
	WEBHOOK_RETRY_AFTER_MAX_S = 24 * 3600, /* more is taken as this */
};

enum webhook_step {
	WEBHOOK_DELIVERED,
	WEBHOOK_RETRY,    /* after_ms from now */
	WEBHOOK_GIVEN_UP, /* it was the last attempt */
	WEBHOOK_DISABLE,  /* the endpoint wants no more events */
	WEBHOOK_AGAIN,    /* it was cancelled: this attempt does not count */
};

struct webhook_next {
	enum webhook_step step;
	uint64_t after_ms; /* of WEBHOOK_RETRY; never less than the schedule's, with its part of chance */
	uint64_t pause_ms; /* nothing else goes to the endpoint for so long; 0: it does */
};

struct webhook_schedule {
	unsigned attempts; /* 1 to WEBHOOK_ATTEMPTS_MAX */
	uint32_t retry_ms; /* the first pause; WEBHOOK_RETRY_MS is the usual one */
};

/* `attempt` counts from 1. `random` is any number, evenly distributed. */
struct webhook_next webhook_next_of(const struct webhook_schedule *s, const struct webhook_outcome *o, unsigned attempt,
				    int64_t now_wall_ms, uint32_t random);
/* From the first attempt to the tenth, where no chance is in it. */
uint64_t webhook_schedule_ms(const struct webhook_schedule *s);
/* From now until it is looked whether an endpoint that fails is well again: as long as after a second attempt. */
uint64_t webhook_probe_ms(const struct webhook_schedule *s, uint32_t random);
/* Reads a Retry-After (RFC 9110, section 10.2.3): seconds, or a date in one of the three forms of section 5.6.7. Returns false when it has none of them. A
 * time that has passed is 0. */
bool webhook_retry_after(const char *value, int64_t now_wall_ms, uint64_t *after_s);

#endif
