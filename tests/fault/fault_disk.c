/*
 * A disk that fails on demand, for LD_PRELOAD. While the file named by PARLEY_FAULT_TRIGGER exists, calls on files whose path contains
 * PARLEY_FAULT_MATCH (unset: every file; with a $ behind it: ends with it) fail as its first word says:
 *
 *   fsync   fsync and fdatasync: EIO
 *   full    write, pwrite, ftruncate that grows, fallocate: ENOSPC
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

#define REAL(result, name, ...) ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

static bool triggered(const char *fault)
{
	const char *trigger = getenv("PARLEY_FAULT_TRIGGER");
	if (!trigger || access(trigger, F_OK) != 0)
		return false;
	char word[8] = "";
	int fd = open(trigger, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, word, sizeof word - 1) : -1;
	if (fd >= 0)
		close(fd);
	return n > 0 && strncmp(word, fault, strlen(fault)) == 0;
}

static bool matches(const char *path, const char *match)
{
	size_t n = match ? strlen(match) : 0, path_n = strlen(path);
	if (n == 0 || match[n - 1] != '$')
		return n == 0 || strstr(path, match);
	return path_n >= n - 1 && strncmp(path + path_n - (n - 1), match, n - 1) == 0;
}

static bool concerned(int fd, const char *fault)
{
	int before = errno;
	bool fails = false;
	if (triggered(fault)) {
		char link[40], path[4096];
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, path, sizeof path - 1);
		if (n > 0)
			path[n] = '\0';
		fails = n > 0 && path[0] == '/' && strncmp(path, "/dev/", 5) != 0 && matches(path, getenv("PARLEY_FAULT_MATCH"));
	}
	errno = before;
	return fails;
}

static int fail(int code)
{
	errno = code;
	return -1;
}

int fsync(int fd)
{
	return concerned(fd, "fsync") ? fail(EIO) : REAL(int, fsync, int)(fd);
}

int fdatasync(int fd)
{
	return concerned(fd, "fsync") ? fail(EIO) : REAL(int, fdatasync, int)(fd);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	return concerned(fd, "full") ? fail(ENOSPC) : REAL(ssize_t, write, int, const void *, size_t)(fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	return concerned(fd, "full") ? fail(ENOSPC) : REAL(ssize_t, pwrite, int, const void *, size_t, off_t)(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	return concerned(fd, "full") ? fail(ENOSPC) : REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)(fd, bytes, n, at);
}

static bool grows(int fd, off64_t size)
{
	struct stat st;
	return fstat(fd, &st) == 0 && size > st.st_size;
}

int ftruncate(int fd, off_t size)
{
	return grows(fd, size) && concerned(fd, "full") ? fail(ENOSPC) : REAL(int, ftruncate, int, off_t)(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	return grows(fd, size) && concerned(fd, "full") ? fail(ENOSPC) : REAL(int, ftruncate64, int, off64_t)(fd, size);
}

int posix_fallocate(int fd, off_t at, off_t n)
{
	return concerned(fd, "full") ? ENOSPC : REAL(int, posix_fallocate, int, off_t, off_t)(fd, at, n);
}

int posix_fallocate64(int fd, off64_t at, off64_t n)
{
	return concerned(fd, "full") ? ENOSPC : REAL(int, posix_fallocate64, int, off64_t, off64_t)(fd, at, n);
}
