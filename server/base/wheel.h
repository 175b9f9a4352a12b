/*
 * A timing wheel: arming, moving and disarming a deadline is O(1) and touches no other timer; fires up to one tick late.
 * One level; deadlines further than the wheel reaches are looked at once per round. Not thread-safe.
 */
#ifndef PARLEY_BASE_WHEEL_H
#define PARLEY_BASE_WHEEL_H

#include "list.h"

#include <stdint.h>

struct wheel;

/* Embedded; zeroed means disarmed. */
struct wheel_timer {
	struct list link; /* wheel.slots[i] */
	uint64_t deadline_ms;
};

struct wheel *wheel_new(uint64_t now_ms, uint32_t tick_ms, uint32_t n_slots);
void wheel_destroy(struct wheel *w); /* accepts NULL; armed timers are forgotten */
/* Arms, or moves when armed. */
void wheel_arm(struct wheel *w, struct wheel_timer *t, uint64_t deadline_ms);
void wheel_disarm(struct wheel_timer *t);
/* Calls fired(t) for each that is due; it is disarmed by then and may be armed again or freed, as may any other. */
void wheel_advance(struct wheel *w, uint64_t now_ms, void (*fired)(struct wheel_timer *t, void *arg), void *arg);

#endif
