/*
 * proc(5): stat (fields 14 and 15, in clock ticks), schedstat (nanoseconds running and waiting) and smaps_rollup (Rss).
 */
#include "cli/bench_process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t read_cpu_us(uint64_t pid)
{
	char path[64], text[1024];
	unsigned long long user = 0, kernel = 0;

	(void)snprintf(path, sizeof path, "/proc/%llu/stat", (unsigned long long)pid);
	FILE *in = fopen(path, "re");
	if (in == NULL)
		return 0;
	size_t n = fread(text, 1, sizeof text - 1, in);
	(void)fclose(in);
	text[n] = '\0';
	const char *after_name = strrchr(text, ')'); /* the name may hold any character */
	if (after_name == NULL || sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &kernel) != 2)
		return 0;
	return (user + kernel) * 1000000u / (unsigned long long)sysconf(_SC_CLK_TCK);
}

static uint64_t read_waited_us(uint64_t pid)
{
	char path[64];
	unsigned long long waited = 0;

	(void)snprintf(path, sizeof path, "/proc/%llu/schedstat", (unsigned long long)pid);
	FILE *in = fopen(path, "re");
	if (in == NULL)
		return 0;
	if (fscanf(in, "%*u %llu", &waited) != 1)
		waited = 0;
	(void)fclose(in);
	return waited / 1000;
}

static uint64_t read_rss(uint64_t pid)
{
	char path[64], line[256];
	unsigned long long kib = 0;

	(void)snprintf(path, sizeof path, "/proc/%llu/smaps_rollup", (unsigned long long)pid);
	FILE *in = fopen(path, "re");
	if (in == NULL)
		return 0;
	while (kib == 0 && fgets(line, sizeof line, in) != NULL)
		(void)sscanf(line, "Rss: %llu kB", &kib);
	(void)fclose(in);
	return kib * 1024;
}

struct bench_process bench_process_read(uint64_t pid)
{
	struct bench_process p = {0};

	if (pid != 0) {
		p.cpu_us = read_cpu_us(pid);
		p.waited_us = read_waited_us(pid);
		p.rss_bytes = read_rss(pid);
	}
	return p;
}

uint64_t bench_process_threads_ns(uint64_t pid)
{
	char path[sizeof "/proc//task//schedstat" + 20 + sizeof((struct dirent *)NULL)->d_name];
	uint64_t sum = 0;
	const struct dirent *thread;

	(void)snprintf(path, sizeof path, "/proc/%llu/task", (unsigned long long)pid);
	DIR *threads = opendir(path);
	while (threads != NULL && (thread = readdir(threads)) != NULL) {
		unsigned long long ran = 0;
		(void)snprintf(path, sizeof path, "/proc/%llu/task/%s/schedstat", (unsigned long long)pid, thread->d_name);
		FILE *in = thread->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (in != NULL && fscanf(in, "%llu", &ran) == 1)
			sum += ran;
		if (in != NULL)
			(void)fclose(in);
	}
	if (threads != NULL)
		(void)closedir(threads);
	return sum;
}

uint64_t bench_process_own_cpu_us(void)
{
	struct rusage use;

	if (getrusage(RUSAGE_SELF, &use) != 0)
		return 0;
	return (uint64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000u + (uint64_t)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

uint64_t bench_process_peer(int fd)
{
	struct ucred peer = {0};
	socklen_t size = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0)
		return 0;
	return (uint64_t)peer.pid;
}
