/*
 * A disk that fails on demand, for LD_PRELOAD. While the file named by TEST_FAULT_TRIGGER exists, calls fail as its lines say:
 *
 *   fsync                  fsync and fdatasync: EIO, on files whose path contains TEST_FAULT_MATCH
 *   full                   write, pwrite, ftruncate that grows, fallocate: ENOSPC, on the same files
 *   ERROR CALL WHERE       e.g. EDQUOT write parley.db-wal$: that error, of calls of the kind write (pwrite and fallocate as well), fsync or
 *                          truncate, on files whose path contains WHERE
 *
 * A $ at the end of TEST_FAULT_MATCH or WHERE: the path ends so. TEST_FAULT_MATCH unset: every file.
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

struct fault {
	char error[16], call[16], where[100];
};

static bool matches(const char *path, const char *match)
{
	size_t n = match ? strlen(match) : 0, path_n = strlen(path);
	if (n == 0 || match[n - 1] != '$')
		return n == 0 || strstr(path, match);
	return path_n >= n - 1 && strncmp(path + path_n - (n - 1), match, n - 1) == 0;
}

static int code_of(const char *error)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EFBIG", EFBIG}};
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (strcmp(codes[i].name, error) == 0)
			return codes[i].code;
	abort();
}

/* The error that a line has for this call on this file; 0: none. */
static int code_in_line(const char *line, const char *call, const char *path)
{
	struct fault f = {0};
	int n = sscanf(line, "%15s %15s %99s", f.error, f.call, f.where);
	const char *match = getenv("TEST_FAULT_MATCH");
	if (n == 1 && strcmp(f.error, "fsync") == 0)
		return strcmp(call, "fsync") == 0 && matches(path, match) ? EIO : 0;
	if (n == 1 && strcmp(f.error, "full") == 0)
		return (strcmp(call, "write") == 0 || strcmp(call, "grow") == 0) && matches(path, match) ? ENOSPC : 0;
	return n == 3 && strcmp(f.call, call) == 0 && matches(path, f.where) ? code_of(f.error) : 0;
}

static bool read_trigger(char *lines, size_t size)
{
	const char *trigger = getenv("TEST_FAULT_TRIGGER");
	if (!trigger || access(trigger, F_OK) != 0)
		return false;
	int fd = open(trigger, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, lines, size - 1) : -1;
	if (fd >= 0)
		close(fd);
	lines[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* The error that this call on this file meets now; 0: none. */
static int fault_of(int fd, const char *call)
{
	int before = errno, code = 0;
	char lines[500], link[40], path[4096];
	if (read_trigger(lines, sizeof lines)) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t n = readlink(link, path, sizeof path - 1);
		path[n > 0 ? n : 0] = '\0';
		bool is_file = path[0] == '/' && strncmp(path, "/dev/", 5) != 0;
		char *rest = lines;
		for (char *line; is_file && code == 0 && (line = strsep(&rest, "\n"));)
			code = code_in_line(line, call, path);
	}
	errno = before;
	return code;
}

static int fail(int code)
{
	errno = code;
	return -1;
}

int fsync(int fd)
{
	int code = fault_of(fd, "fsync");
	return code ? fail(code) : REAL(int, fsync, int)(fd);
}

int fdatasync(int fd)
{
	int code = fault_of(fd, "fsync");
	return code ? fail(code) : REAL(int, fdatasync, int)(fd);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	int code = fault_of(fd, "write");
	return code ? fail(code) : REAL(ssize_t, write, int, const void *, size_t)(fd, bytes, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	int code = fault_of(fd, "write");
	return code ? fail(code) : REAL(ssize_t, pwrite, int, const void *, size_t, off_t)(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	int code = fault_of(fd, "write");
	return code ? fail(code) : REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)(fd, bytes, n, at);
}

static int truncate_fault(int fd, off64_t size)
{
	struct stat st;
	bool grows = fstat(fd, &st) == 0 && size > st.st_size;
	int code = grows ? fault_of(fd, "grow") : 0;
	return code ? code : fault_of(fd, "truncate");
}

int ftruncate(int fd, off_t size)
{
	int code = truncate_fault(fd, size);
	return code ? fail(code) : REAL(int, ftruncate, int, off_t)(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	int code = truncate_fault(fd, size);
	return code ? fail(code) : REAL(int, ftruncate64, int, off64_t)(fd, size);
}

int posix_fallocate(int fd, off_t at, off_t n)
{
	int code = fault_of(fd, "write");
	return code ? code : REAL(int, posix_fallocate, int, off_t, off_t)(fd, at, n);
}

int posix_fallocate64(int fd, off64_t at, off64_t n)
{
	int code = fault_of(fd, "write");
	return code ? code : REAL(int, posix_fallocate64, int, off64_t, off64_t)(fd, at, n);
}
