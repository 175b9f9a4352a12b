#include "base/memory.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LAST_WORDS_MS = 1000 };

/* Writes without formatting and without a buffer, because there may be no memory for them. Where standard error is not read, the process ends
 * without the message. */
static _Noreturn void out_of_memory(void)
{
	static const char line[] = "parleyd: out of memory\n";
	struct pollfd polled = {.fd = STDERR_FILENO, .events = POLLOUT};
	if (poll(&polled, 1, LAST_WORDS_MS) > 0) {
		ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);
		(void)written;
	}
	abort();
}

void *mem_alloc(size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);
	if (!p)
		out_of_memory();
	return p;
}

void *mem_zalloc(size_t bytes)
{
	void *p = calloc(1, bytes ? bytes : 1);
	if (!p)
		out_of_memory();
	return p;
}

void *mem_realloc(void *p, size_t bytes)
{
	void *moved = realloc(p, bytes ? bytes : 1);
	if (!moved)
		out_of_memory();
	return moved;
}

void *mem_copy(const void *p, size_t bytes)
{
	void *copy = mem_alloc(bytes);
	if (bytes)
		memcpy(copy, p, bytes);
	return copy;
}

char *mem_strndup(const char *s, size_t n)
{
	char *copy = mem_alloc(n + 1);
	if (n)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

void mem_free_at(void *pointer_to_pointer)
{
	void *p;
	memcpy(&p, pointer_to_pointer, sizeof(p));
	free(p);
}
