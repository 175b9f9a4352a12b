/*
 * What a process has used so far, from /proc. A value that cannot be read is 0.
 */
#ifndef PARLEY_CLI_BENCH_PROCESS_H
#define PARLEY_CLI_BENCH_PROCESS_H

#include <stdint.h>

struct bench_process {
	uint64_t cpu_us;    /* user and system time */
	uint64_t waited_us; /* its main thread was ready to run, and another thread had the core */
	uint64_t rss_bytes;
};

struct bench_process bench_process_read(uint64_t pid);
/* Processor time of all threads that the process has now, in nanoseconds: exact where clock ticks are too coarse. */
uint64_t bench_process_threads_ns(uint64_t pid);
/* Processor time of this process. */
uint64_t bench_process_own_cpu_us(void);
/* Returns the process at the other end of a Unix socket, or 0 when the socket is another one. */
uint64_t bench_process_peer(int fd);

#endif
