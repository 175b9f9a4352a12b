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

static int copy_into(struct sqlite_connection *c, const char *path, char *reason, size_t n)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(c->db, "VACUUM INTO ?1", -1, &st, NULL);
	if (rc == SQLITE_OK) {
		sqlite_statement_bind_text(st, 1, (struct text){.s = path, .n = strlen(path)});
		rc = sqlite_statement_run(st);
	}
	bool no_room = sqlite_fault_of(rc, sqlite_connection_errno(c)) == SQLITE_FAULT_NO_ROOM;
	if (rc != SQLITE_OK)
		sqlite_connection_reason(c, reason, n);
	sqlite3_finalize(st);
	return rc == SQLITE_OK ? 0 : no_room ? -ENOSPC : -EIO;
}

int sqlite_copy_fill(struct sqlite_connection *c, const char *path, char *reason, size_t n)
{
	int failed = copy_into(c, path, reason, n);
	if (failed == 0) {
		failed = sync_copy(path);
		snprintf(reason, n, "%s", strerror(-failed));
	}
	if (failed != 0)
		sqlite_copy_remove(path);
	return failed;
}
