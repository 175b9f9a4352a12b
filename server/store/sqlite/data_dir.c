#include "store/sqlite/data_dir.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static char *path_in(const char *dir, const char *name)
{
	size_t n = strlen(dir) + 1 + strlen(name) + 1;
	char *path = mem_alloc(n);
	snprintf(path, n, "%s/%s", dir, name);
	return path;
}

static int make_dir(struct data_dir *d, const char *path)
{
	if (mkdir(path, 0700) != 0)
		return errno == EEXIST ? 0 : -errno;
	if (!d->made)
		d->made = mem_strndup(path, strlen(path));
	return 0;
}

/* As mkdir -p does, since --data may name a path of which nothing exists yet. */
static int make_dirs(struct data_dir *d, const char *path)
{
	auto_free char *copy = mem_strndup(path, strlen(path));
	int failed = 0;
	for (char *at = copy + 1; *at && failed == 0; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		failed = make_dir(d, copy);
		*at = '/';
	}
	if (failed == 0)
		failed = make_dir(d, copy);
	if (failed != 0)
		return failed;
	struct stat st;
	if (stat(copy, &st) != 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int data_dir_open(struct data_dir *d, const char *path, char fault[DATA_DIR_FAULT_BYTES])
{
	*d = (struct data_dir){.lock_fd = -1};
	d->path = mem_strndup(path, strlen(path));
	d->db_path = path_in(path, "parley.db");
	d->wal_path = path_in(path, "parley.db-wal");
	d->reach_path = path_in(path, "parley.reach");
	d->mark_path = path_in(path, "parley.mark");
	d->lock_path = path_in(path, "parley.lock");
	int made = make_dirs(d, path);
	if (made != 0) {
		snprintf(fault, DATA_DIR_FAULT_BYTES, "the data directory %s cannot be made or entered: %s", path, strerror(-made));
		return -1;
	}
	d->lock_fd = open(d->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock_fd < 0) {
		snprintf(fault, DATA_DIR_FAULT_BYTES, "%s cannot be opened: %s; the data directory must be writable by this user",
			 d->lock_path, strerror(errno));
		return -1;
	}
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		snprintf(fault, DATA_DIR_FAULT_BYTES,
			 "the data directory %s is already in use by another parleyd; stop that one, or give --data another directory",
			 path);
		close(d->lock_fd);
		d->lock_fd = -1;
		return -1;
	}
	return 0;
}

/* Asks for nothing but the number. Asked for a file's times, newer kernels give each following write a time of its own (multigrain timestamps, Linux 6.13),
 * and a commit a third more to bring to disk. */
static int note(struct data_dir_file *f, const char *path)
{
	struct statx st;
	if (statx(AT_FDCWD, path, 0, STATX_INO, &st) != 0)
		return -errno;
	*f = (struct data_dir_file){makedev(st.stx_dev_major, st.stx_dev_minor), st.stx_ino};
	return 0;
}

int data_dir_note_files(struct data_dir *d)
{
	int failed = note(&d->db, d->db_path);
	if (failed == 0)
		failed = note(&d->wal, d->wal_path);
	return failed == 0 ? note(&d->lock, d->lock_path) : failed;
}

static bool is_there(const struct data_dir_file *f, const char *path)
{
	struct data_dir_file now;
	return note(&now, path) == 0 && now.device == f->device && now.number == f->number;
}

bool data_dir_has_database(const struct data_dir *d)
{
	return is_there(&d->db, d->db_path);
}

const char *data_dir_missing(const struct data_dir *d)
{
	if (!data_dir_has_database(d))
		return d->db_path;
	if (!is_there(&d->wal, d->wal_path))
		return d->wal_path;
	return is_there(&d->lock, d->lock_path) ? NULL : d->lock_path;
}

int data_dir_sync(const struct data_dir *d)
{
	int fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int failed = fsync(fd) != 0 ? -errno : 0;
	close(fd);
	return failed;
}

void data_dir_undo(struct data_dir *d)
{
	static const char *const files[] = {"parley.db",    "parley.db-wal", "parley.db-shm", "parley.db-journal",
					    "parley.reach", "parley.mark",   "parley.lock"};
	if (!d->made)
		return;
	for (size_t i = 0; i < sizeof files / sizeof files[0] && d->lock_fd >= 0; i++) {
		auto_free char *path = path_in(d->path, files[i]);
		(void)unlink(path);
	}
	auto_free char *dir = mem_strndup(d->path, strlen(d->path));
	while (rmdir(dir) == 0 || errno == ENOENT) { /* two slashes in a row: the second time it is gone */
		char *slash = strrchr(dir, '/');
		if (!slash || (size_t)(slash - dir) < strlen(d->made))
			break;
		*slash = '\0';
	}
}

void data_dir_finish(struct data_dir *d)
{
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	d->lock_fd = -1;
	free(d->path);
	free(d->db_path);
	free(d->wal_path);
	free(d->reach_path);
	free(d->mark_path);
	free(d->lock_path);
	free(d->made);
	d->lock_path = d->made = NULL;
	d->path = d->db_path = d->wal_path = d->reach_path = d->mark_path = NULL;
}
