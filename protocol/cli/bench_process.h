/*
 * What a process has used so far, from /proc. Values are 0 when they cannot be read.
 */
#ifndef PARLEY_CLI_BENCH_PROCESS_H
#define PARLEY_CLI_BENCH_PROCESS_H

#include <stdint.h>

struct bench_process {
	uint64_t cpu_us;    /* user and system time */
	uint64_t waited_us; /* its main thread was ready to run and something else had the core */
	uint64_t rss_bytes;
};

struct bench_process bench_process_read(uint64_t pid);
/* Processor time of this process. */
uint64_t bench_process_own_cpu_us(void);
/* The process at the other end of a Unix socket; 0 when it is not one. */
uint64_t bench_process_peer(int fd);

#endif
