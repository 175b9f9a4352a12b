#include "store/sqlite/sqlite_copy.h"

#include "base/memory.h"
#include "store/sqlite/sqlite_fault.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int failed = fsync(fd) != 0 ? -errno : 0;
	close(fd);
	return failed;
}

static int sync_copy(const char *path)
{
	int failed = sync_path(path, O_RDONLY);
	auto_free char *parent = mem_strndup(path, strlen(path));
	return failed != 0 ? failed : sync_path(dirname(parent), O_RDONLY | O_DIRECTORY);
}

/* What SQLite writes beside a copy while it makes it, and leaves when it cannot end that well. */
static char *journal_of(const char *path)
{
	size_t n = strlen(path) + sizeof "-journal";
	char *journal = mem_alloc(n);
	snprintf(journal, n, "%s-journal", path);
	return journal;
}

void sqlite_copy_remove(const char *path)
{
	auto_free char *journal = journal_of(path);
	unlink(path);
	unlink(journal);
}

/* A journal of another file's would be taken for the copy's. */
int sqlite_copy_claim(const char *path)
{
	auto_free char *journal = journal_of(path);
	if (access(journal, F_OK) == 0)
		return -EEXIST;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* 0, or a negative errno with what SQLite says. */
static int result_of(struct sqlite_connection *c, int rc, char *reason, size_t n)
{
	if (rc == SQLITE_OK)
		return 0;
	sqlite_connection_reason(c, reason, n);
	return sqlite_fault_of(rc, sqlite_connection_errno(c)) == SQLITE_FAULT_NO_ROOM ? -ENOSPC : -EIO;
}

static int copy_rows(struct sqlite_connection *c, const char *path, char *reason, size_t n)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(c->db, "VACUUM INTO ?1", -1, &st, NULL);
	if (rc == SQLITE_OK) {
		sqlite_statement_bind_text(st, 1, (struct text){.s = path, .n = strlen(path)});
		rc = sqlite_statement_run(st);
	}
	int failed = result_of(c, rc, reason, n);
	sqlite3_finalize(st);
	return failed;
}

static int copy_pages(struct sqlite_connection *c, const char *path, char *reason, size_t n)
{
	struct sqlite_connection to;
	int rc = sqlite_connection_open_bare(&to, path, SQLITE_OPEN_READWRITE);
	sqlite3_backup *pages = rc == SQLITE_OK ? sqlite3_backup_init(to.db, "main", c->db, "main") : NULL;
	if (pages) {
		int stepped = sqlite3_backup_step(pages, -1);
		rc = sqlite3_backup_finish(pages);
		rc = stepped == SQLITE_DONE ? rc : stepped; /* the end does not tell of a lock */
	} else if (rc == SQLITE_OK) {
		rc = sqlite3_extended_errcode(to.db);
	}
	int failed = result_of(&to, rc, reason, n);
	sqlite_connection_close(&to);
	return failed;
}

/* Its header says that it has a log, as that of the file does. */
static int forget_log(const char *path)
{
	static const uint8_t without_log[] = {1, 1}; /* SQLite's file format, section 1.3.3 */
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int failed = pwrite(fd, without_log, sizeof without_log, 18) == (ssize_t)sizeof without_log ? 0 : -EIO;
	close(fd);
	return failed;
}

/* Removes what is not whole on disk. failed: what copying said, with its reason. */
static int end_copy(const char *path, int failed, char *reason, size_t n)
{
	if (failed == 0) {
		failed = sync_copy(path);
		snprintf(reason, n, "%s", strerror(-failed));
	}
	if (failed != 0)
		sqlite_copy_remove(path);
	return failed;
}

int sqlite_copy_fill(struct sqlite_connection *c, const char *path, char *reason, size_t n)
{
	return end_copy(path, copy_rows(c, path, reason, n), reason, n);
}

int sqlite_copy_fill_as_it_is(struct sqlite_connection *c, const char *path, char *reason, size_t n)
{
	int failed = copy_pages(c, path, reason, n);
	if (failed == 0) {
		failed = forget_log(path);
		snprintf(reason, n, "%s", strerror(-failed));
	}
	return end_copy(path, failed, reason, n);
}
