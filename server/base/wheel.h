/*
 * A timing wheel. Arming, moving and disarming a deadline is O(1) and touches no other timer. A timer fires up to one tick late.
 * The wheel has one level: a deadline beyond its reach is looked at once per round. Not thread-safe.
 */
#ifndef PARLEY_BASE_WHEEL_H
#define PARLEY_BASE_WHEEL_H

#include "list.h"

#include <stdint.h>

struct wheel;

/* Embedded by its owner. A zeroed timer is disarmed. */
struct wheel_timer {
	struct list link; /* wheel.slots[i] */
	uint64_t deadline_ms;
};

struct wheel *wheel_new(uint64_t now_ms, uint32_t tick_ms, uint32_t n_slots);
void wheel_destroy(struct wheel *w); /* disarms all timers; accepts NULL */
/* Arms the timer, or moves it when it is armed. */
void wheel_arm(struct wheel *w, struct wheel_timer *t, uint64_t deadline_ms);
void wheel_disarm(struct wheel_timer *t);
/* Disarms each timer that is due and calls fired(t, arg). The call may arm or free this timer and any other. */
void wheel_advance(struct wheel *w, uint64_t now_ms, void (*fired)(struct wheel_timer *t, void *arg), void *arg);

#endif
