/* The monotonic clock measures deadlines and durations, the wall clock gives timestamps. Callable from any thread. */
#ifndef PARLEY_BASE_CLOCK_H
#define PARLEY_BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_mono_ns(void);
uint64_t clock_mono_ms(void);
int64_t clock_wall_ms(void); /* Unix time */

#endif
