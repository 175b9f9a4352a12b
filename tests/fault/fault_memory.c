/*
 * Memory that runs out on demand, for LD_PRELOAD. The file named by TEST_FAULT_COUNTDOWN holds a 32-bit number: while it is not zero, each
 * allocation takes one off, and the one that takes the last fails. So exactly one allocation of any thread fails each time that it is set.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The allocator under the names that glibc gives it for this purpose. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static _Atomic uint32_t *countdown;

__attribute__((constructor)) static void map_countdown(void)
{
	const char *path = getenv("TEST_FAULT_COUNTDOWN");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		abort();
	void *mapped = mmap(NULL, sizeof *countdown, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		abort();
	close(fd);
	countdown = mapped;
}

static bool fails(void)
{
	if (!countdown)
		return false;
	uint32_t left = atomic_load(countdown);
	while (left != 0)
		if (atomic_compare_exchange_weak(countdown, &left, left - 1))
			break;
	if (left != 1)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
