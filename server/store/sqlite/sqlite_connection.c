#include "store/sqlite/sqlite_connection.h"

#include "store/sqlite/disk_errno.h"
#include "store/sqlite/log_vfs.h"
#include "store/sqlite/skeleton_sql.h"

#include <stdio.h>
#include <string.h>

static int open_through(struct sqlite_connection *c, const char *path, int flags, const char *vfs)
{
	memset(c, 0, sizeof *c);
	int rc = sqlite3_open_v2(path, &c->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
	if (rc != SQLITE_OK)
		return rc;
	sqlite3_busy_timeout(c->db, SQLITE_CONNECTION_BUSY_MS);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	return sqlite_connection_exec(
		c, "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL");
}

int sqlite_connection_open_bare(struct sqlite_connection *c, const char *path, int flags)
{
	return open_through(c, path, flags, NULL);
}

int sqlite_connection_open_writer(struct sqlite_connection *c, const char *path)
{
	int rc = log_vfs_register();
	if (rc != SQLITE_OK)
		return rc;
	rc = open_through(c, path, SQLITE_OPEN_READWRITE, LOG_VFS_NAME);
	if (rc == SQLITE_OK)
		rc = sqlite_connection_keep_log(c, true);
	if (rc == SQLITE_OK)
		rc = skeleton_sql_register(c->db);
	if (rc != SQLITE_OK)
		return rc;
	/* 4 MiB hold all that a batch of 500 sends to 100 rooms changes; a smaller cache writes pages out early, and reads them again. */
	return sqlite_connection_exec(c, "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -4096");
}

/* Foreign keys are not enforced by SQLite: each write looks up what it refers to where it needs the row anyway, nothing that is
 * referred to is ever deleted, and verify checks all of it. */
int sqlite_connection_open_reader(struct sqlite_connection *c, const char *path)
{
	int rc = open_through(c, path, SQLITE_OPEN_READONLY, NULL);
	return rc == SQLITE_OK ? sqlite_connection_exec(c, "PRAGMA cache_size = -512") : rc;
}

int sqlite_connection_keep_log(struct sqlite_connection *c, bool keep)
{
	return sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, (int)keep, NULL);
}

int sqlite_connection_exec(struct sqlite_connection *c, const char *sql)
{
	return sqlite3_exec(c->db, sql, NULL, NULL, NULL);
}

int64_t sqlite_connection_number(struct sqlite_connection *c, const char *sql, int *rc)
{
	sqlite3_stmt *st = NULL;
	int64_t number = -1;
	*rc = sqlite3_prepare_v2(c->db, sql, -1, &st, NULL);
	if (*rc != SQLITE_OK)
		return -1;
	*rc = sqlite3_step(st);
	if (*rc == SQLITE_ROW) {
		number = sqlite3_column_int64(st, 0);
		*rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return number;
}

int sqlite_connection_errno(struct sqlite_connection *c)
{
	int code = c->db ? sqlite3_errcode(c->db) & 0xff : SQLITE_OK;
	bool by_system = code == SQLITE_IOERR || code == SQLITE_CANTOPEN || code == SQLITE_FULL;
	int noted = by_system ? disk_errno() : 0;
	return noted != 0 ? noted : c->db ? sqlite3_system_errno(c->db) : 0;
}

const char *sqlite_connection_reason(struct sqlite_connection *c, char *out, size_t n)
{
	int system_errno = sqlite_connection_errno(c);
	const char *message = c->db ? sqlite3_errmsg(c->db) : "out of memory";
	if (system_errno)
		snprintf(out, n, "%s (%d): %s", message, c->db ? sqlite3_extended_errcode(c->db) : 0, strerror(system_errno));
	else
		snprintf(out, n, "%s (%d)", message, c->db ? sqlite3_extended_errcode(c->db) : 0);
	return out;
}

void sqlite_connection_close(struct sqlite_connection *c)
{
	sqlite3_close(c->db);
	c->db = NULL;
}
