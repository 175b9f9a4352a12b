#include "fake_clock.h"

#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const uint64_t NS = 1000000000u;
enum { MONOTONIC_START_S = 1000, WALL_START_S = 1700000000 };

static _Atomic uint64_t advanced_ns;

void fake_clock_advance_ns(uint64_t ns)
{
	atomic_fetch_add(&advanced_ns, ns);
}

uint64_t fake_clock_ns(void)
{
	return atomic_load(&advanced_ns);
}

/* The linker prefers this function to libc's, for the shared libraries too. */
int clock_gettime(clockid_t id, struct timespec *t)
{
	uint64_t ns = fake_clock_ns();
	time_t start_s;
	switch (id) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_COARSE:
		start_s = MONOTONIC_START_S;
		break;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		start_s = WALL_START_S;
		break;
	default:
		return (int)syscall(SYS_clock_gettime, id, t); /* of a process or a thread */
	}
	*t = (struct timespec){.tv_sec = start_s + (time_t)(ns / NS), .tv_nsec = (long)(ns % NS)};
	return 0;
}
