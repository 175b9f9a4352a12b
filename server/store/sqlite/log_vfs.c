#include "store/sqlite/log_vfs.h"

#include "base/memory.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's Unix layer writes at most 131,071 bytes at once, and takes a longer write for a full disk. */
enum { PENDING_BYTES = 120 * 1024 };

struct log_file {
	sqlite3_file file; /* first: what SQLite sees */
	uint8_t *pending;  /* PENDING_BYTES; not yet written */
	size_t n_pending;
	sqlite3_int64 at;   /* where in the file pending[0] belongs */
	sqlite3_file *real; /* in the memory that follows this structure */
};

static struct log_file *log_of(sqlite3_file *file)
{
	return (struct log_file *)(void *)file;
}

/* A write that fails drops what was pending: the transaction it belongs to fails with it. */
static int flush(struct log_file *l)
{
	if (l->n_pending == 0)
		return SQLITE_OK;
	int n = (int)l->n_pending;
	l->n_pending = 0;
	return l->real->pMethods->xWrite(l->real, l->pending, n, l->at);
}

static int log_close(sqlite3_file *file)
{
	struct log_file *l = log_of(file);
	int flushed = flush(l);
	int rc = l->real->pMethods->xClose(l->real);
	free(l->pending);
	l->pending = NULL;
	return flushed == SQLITE_OK ? rc : flushed;
}

static int log_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
	struct log_file *l = log_of(file);
	int rc = flush(l);
	return rc == SQLITE_OK ? l->real->pMethods->xRead(l->real, bytes, n, at) : rc;
}

static int log_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
	struct log_file *l = log_of(file);
	size_t more = (size_t)n;
	if (l->n_pending > 0 && (at != l->at + (sqlite3_int64)l->n_pending || l->n_pending + more > PENDING_BYTES)) {
		int rc = flush(l);
		if (rc != SQLITE_OK)
			return rc;
	}
	if (more > PENDING_BYTES)
		return l->real->pMethods->xWrite(l->real, bytes, n, at);
	if (l->n_pending == 0)
		l->at = at;
	memcpy(l->pending + l->n_pending, bytes, more);
	l->n_pending += more;
	return SQLITE_OK;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct log_file *l = log_of(file);
	int rc = flush(l);
	return rc == SQLITE_OK ? l->real->pMethods->xTruncate(l->real, size) : rc;
}

static int log_sync(sqlite3_file *file, int flags)
{
	struct log_file *l = log_of(file);
	int rc = flush(l);
	return rc == SQLITE_OK ? l->real->pMethods->xSync(l->real, flags) : rc;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct log_file *l = log_of(file);
	int rc = flush(l);
	return rc == SQLITE_OK ? l->real->pMethods->xFileSize(l->real, size) : rc;
}

/* The log is never locked: SQLite locks the database and the index beside it. */
static int log_lock(sqlite3_file *file, int level)
{
	struct log_file *l = log_of(file);
	return l->real->pMethods->xLock(l->real, level);
}

static int log_unlock(sqlite3_file *file, int level)
{
	struct log_file *l = log_of(file);
	return l->real->pMethods->xUnlock(l->real, level);
}

static int log_check_reserved(sqlite3_file *file, int *out)
{
	struct log_file *l = log_of(file);
	return l->real->pMethods->xCheckReservedLock(l->real, out);
}

static int log_control(sqlite3_file *file, int op, void *arg)
{
	struct log_file *l = log_of(file);
	return l->real->pMethods->xFileControl(l->real, op, arg);
}

static int log_sector_bytes(sqlite3_file *file)
{
	struct log_file *l = log_of(file);
	return l->real->pMethods->xSectorSize(l->real);
}

static int log_characteristics(sqlite3_file *file)
{
	struct log_file *l = log_of(file);
	return l->real->pMethods->xDeviceCharacteristics(l->real);
}

/* Version 1: without shared memory and mapping, which only the database file has. */
static const sqlite3_io_methods log_methods = {
	.iVersion = 1,
	.xClose = log_close,
	.xRead = log_read,
	.xWrite = log_write,
	.xTruncate = log_truncate,
	.xSync = log_sync,
	.xFileSize = log_size,
	.xLock = log_lock,
	.xUnlock = log_unlock,
	.xCheckReservedLock = log_check_reserved,
	.xFileControl = log_control,
	.xSectorSize = log_sector_bytes,
	.xDeviceCharacteristics = log_characteristics,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
	sqlite3_vfs *real = vfs->pAppData;
	if ((flags & SQLITE_OPEN_WAL) == 0)
		return real->xOpen(real, name, file, flags, flags_out);
	struct log_file *l = log_of(file);
	*l = (struct log_file){.real = (sqlite3_file *)(void *)(l + 1)};
	int rc = real->xOpen(real, name, l->real, flags, flags_out);
	if (rc != SQLITE_OK)
		return rc; /* file.pMethods stays NULL: there is nothing to close */
	l->pending = mem_alloc(PENDING_BYTES);
	l->file.pMethods = &log_methods;
	return SQLITE_OK;
}

int log_vfs_register(void)
{
	if (sqlite3_vfs_find(LOG_VFS_NAME))
		return SQLITE_OK;
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);
	if (!real)
		return SQLITE_ERROR;
	/* SQLite keeps it for as long as the process lives. All calls but this one are the real layer's own. */
	sqlite3_vfs *vfs = mem_copy(real, sizeof *real);
	vfs->pNext = NULL;
	vfs->szOsFile = (int)sizeof(struct log_file) + real->szOsFile;
	vfs->zName = LOG_VFS_NAME;
	vfs->pAppData = real;
	vfs->xOpen = open_file;
	return sqlite3_vfs_register(vfs, 0);
}
