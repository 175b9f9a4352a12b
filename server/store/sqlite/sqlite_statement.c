#include "store/sqlite/sqlite_statement.h"

#include <assert.h>
#include <string.h>

void sqlite_statement_bind_uid(sqlite3_stmt *st, int at, const struct uid *id)
{
	int rc = sqlite3_bind_blob64(st, at, id->b, sizeof id->b, SQLITE_STATIC);
	assert(rc == SQLITE_OK);
}

void sqlite_statement_bind_text(sqlite3_stmt *st, int at, struct text t)
{
	int rc = t.s ? sqlite3_bind_text64(st, at, t.s, t.n, SQLITE_STATIC, SQLITE_UTF8) : sqlite3_bind_null(st, at);
	assert(rc == SQLITE_OK);
}

int sqlite_statement_run(sqlite3_stmt *st)
{
	int rc;
	do
		rc = sqlite3_step(st);
	while (rc == SQLITE_ROW);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

bool sqlite_statement_uid(sqlite3_stmt *st, int column, struct uid *out)
{
	*out = (struct uid){0};
	const void *bytes = sqlite3_column_blob(st, column);
	if (!bytes || sqlite3_column_bytes(st, column) != (int)sizeof out->b)
		return false;
	memcpy(out->b, bytes, sizeof out->b);
	return true;
}
