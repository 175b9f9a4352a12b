#include "store/sqlite/disk_errno.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static _Thread_local int last_errno; /* a breach of "no mutable globals": see the header */

static void note(void)
{
	last_errno = errno;
}

static ssize_t noted_write(int fd, const void *bytes, size_t n)
{
	ssize_t written = write(fd, bytes, n);
	if (written < 0)
		note();
	return written;
}

static ssize_t noted_pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	ssize_t written = pwrite(fd, bytes, n, at);
	if (written < 0)
		note();
	return written;
}

static ssize_t noted_pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
	ssize_t written = pwrite64(fd, bytes, n, at);
	if (written < 0)
		note();
	return written;
}

static int noted_ftruncate(int fd, off_t size)
{
	int failed = ftruncate(fd, size);
	if (failed)
		note();
	return failed;
}

static int noted_fallocate(int fd, off_t at, off_t n)
{
	int code = posix_fallocate(fd, at, n);
	if (code != 0)
		last_errno = code;
	return code;
}

static void *noted_mmap(void *where, size_t n, int protection, int flags, int fd, off_t at)
{
	void *memory = mmap(where, n, protection, flags, fd, at);
	if (memory == MAP_FAILED)
		note();
	return memory;
}

/* A file that may be made: one that is only looked for is missing more often than not. */
static int noted_open(const char *path, int flags, int mode)
{
	int fd = open(path, flags, mode);
	if (fd < 0 && (flags & O_CREAT))
		note();
	return fd;
}

static const struct {
	const char *name;
	sqlite3_syscall_ptr call;
} calls[] = {
	{"write", (sqlite3_syscall_ptr)noted_write},         {"pwrite", (sqlite3_syscall_ptr)noted_pwrite},
	{"pwrite64", (sqlite3_syscall_ptr)noted_pwrite64},   {"ftruncate", (sqlite3_syscall_ptr)noted_ftruncate},
	{"fallocate", (sqlite3_syscall_ptr)noted_fallocate}, {"mmap", (sqlite3_syscall_ptr)noted_mmap},
	{"open", (sqlite3_syscall_ptr)noted_open},
};

void disk_errno_watch(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	if (!vfs || vfs->iVersion < 3 || !vfs->xSetSystemCall)
		return;
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		(void)vfs->xSetSystemCall(vfs, calls[i].name,
					  calls[i].call); /* a build of SQLite may lack one: it has no use for it then */
}

int disk_errno(void)
{
	return last_errno;
}

void disk_errno_forget(void)
{
	last_errno = 0;
}
