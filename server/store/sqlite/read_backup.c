/* STORE_BACKUP: a compact copy of one moment, made while writing goes on (VACUUM INTO). Taken into use by putting it in an empty
 * data directory as parley.db; the server then gives it a new epoch (sqlite_schema.h). */
#include "base/memory.h"
#include "store/sqlite/sqlite_fault.h"
#include "store/work/store_reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SHOWN_BYTES = 300 };
static_assert(SHOWN_BYTES + 200 <= sizeof((struct store_backup *)0)->fault, "a path, a reason and words");

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

static void remove_copy(const char *path)
{
	auto_free char *journal = journal_of(path);
	unlink(path);
	unlink(journal);
}

/* Makes the file for this user only; that it is new also keeps two backups from meeting in one file. A journal of another file's would be taken
 * for the copy's. */
static int claim(const char *path)
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

/* 0, or a negative errno with SQLite's reason. */
static int copy_into(struct store_reader *r, const char *path, char *reason, size_t n)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(r->connection->db, "VACUUM INTO ?1", -1, &st, NULL);
	if (rc == SQLITE_OK) {
		sqlite_statement_bind_text(st, 1, (struct text){.s = path, .n = strlen(path)});
		rc = sqlite_statement_run(st);
	}
	bool no_room = sqlite_fault_of(rc, sqlite_connection_errno(r->connection)) == SQLITE_FAULT_NO_ROOM;
	if (rc != SQLITE_OK)
		sqlite_connection_reason(r->connection, reason, n);
	sqlite3_finalize(st);
	return rc == SQLITE_OK ? 0 : no_room ? -ENOSPC : -EIO;
}

/* In a fault, which has room for so much; a cut could fall within a character. */
static const char *shown(const char *path)
{
	return strlen(path) <= SHOWN_BYTES ? path : "this path";
}

int read_backup(struct store_reader *r, struct store_backup *op)
{
	op->fault[0] = '\0';
	auto_free char *path = mem_strndup(op->path.s, op->path.n);
	if (path[0] != '/') {
		snprintf(op->fault, sizeof op->fault, "data.path: must be absolute: %s", shown(path));
		return -EINVAL;
	}
	int failed = claim(path);
	if (failed != 0) {
		snprintf(op->fault, sizeof op->fault, "data.path: %s cannot be made: %s", shown(path), strerror(-failed));
		return failed;
	}
	char reason[160];
	failed = copy_into(r, path, reason, sizeof reason);
	if (failed == 0) {
		failed = sync_copy(path);
		snprintf(reason, sizeof reason, "%s", strerror(-failed));
	}
	if (failed == 0)
		return 0;
	snprintf(op->fault, sizeof op->fault, "the copy to %s failed: %s", shown(path), reason);
	remove_copy(path);
	return failed;
}
