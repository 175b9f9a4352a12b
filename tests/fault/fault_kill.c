/*
 * Ends the process at a certain step, for LD_PRELOAD: SIGKILL in place of the change number TEST_KILL_AT (1, 2, 3 …) of what lies under the path TEST_KILL_IN. A change
 * is a call of write, pwrite, ftruncate, fsync, fdatasync, rename or unlink.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

#define REAL(result, name, ...) ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

static void count(const char *path)
{
	static atomic_int n;
	const char *in = getenv("TEST_KILL_IN"), *at = getenv("TEST_KILL_AT");
	if (in && at && strncmp(path, in, strlen(in)) == 0 && atomic_fetch_add(&n, 1) + 1 == atoi(at))
		kill(getpid(), SIGKILL);
}

static void count_fd(int fd)
{
	int before = errno;
	char link[40], path[4096];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	count(path);
	errno = before;
}

int fsync(int fd)
{
	count_fd(fd);
	return REAL(int, fsync, int)(fd);
}

int fdatasync(int fd)
{
	count_fd(fd);
	return REAL(int, fdatasync, int)(fd);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	count_fd(fd);
	return REAL(ssize_t, write, int, const void *, size_t)(fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	count_fd(fd);
	return REAL(ssize_t, pwrite, int, const void *, size_t, off_t)(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	count_fd(fd);
	return REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)(fd, bytes, n, at);
}

int ftruncate(int fd, off_t size)
{
	count_fd(fd);
	return REAL(int, ftruncate, int, off_t)(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	count_fd(fd);
	return REAL(int, ftruncate64, int, off64_t)(fd, size);
}

int rename(const char *from, const char *to)
{
	count(from);
	return REAL(int, rename, const char *, const char *)(from, to);
}

int unlink(const char *path)
{
	count(path);
	return REAL(int, unlink, const char *)(path);
}
