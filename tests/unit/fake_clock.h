/*
 * The clock of a test: it stands still until the test moves it. A program that links this has no other clock: this replaces clock_gettime(2) for base/clock.c and
 * for libuv, so timers of the loop follow it too. Nothing may sleep until a time of this clock: use loop_run_once(), not loop_run(). Callable from any thread.
 */
#ifndef PARLEY_TESTS_FAKE_CLOCK_H
#define PARLEY_TESTS_FAKE_CLOCK_H

#include <stdint.h>

void fake_clock_advance_ns(uint64_t ns);
/* Since the start of the program. */
uint64_t fake_clock_ns(void);

#endif
