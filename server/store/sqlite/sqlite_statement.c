#include "store/sqlite/sqlite_statement.h"

#include "base/memory.h"
#include "store/sqlite/sqlite_connection.h"

#include <assert.h>
#include <string.h>

static const struct {
	unsigned roles;
	const char *sql;
} statement_table[STATEMENT_COUNT] = {
#define X(symbol, roles, sql) [symbol] = {(roles), (sql)},
	STATEMENT_TABLE(X)
#undef X
};

int sqlite_statement_prepare_all(struct sqlite_connection *c, unsigned role)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		if ((statement_table[i].roles & role) == 0)
			continue;
		int rc = sqlite3_prepare_v3(c->db, statement_table[i].sql, -1, SQLITE_PREPARE_PERSISTENT, &c->statements[i], NULL);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

void sqlite_statement_finish_all(struct sqlite_connection *c)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3_finalize(c->statements[i]);
		c->statements[i] = NULL;
	}
}

sqlite3_stmt *sqlite_statement(struct sqlite_connection *c, enum statement which)
{
	assert(c->statements[which]);
	return c->statements[which];
}

void sqlite_statement_reset_at(sqlite3_stmt **st)
{
	sqlite3_reset(*st);
}

void sqlite_statement_bind_u64(sqlite3_stmt *st, int at, uint64_t v)
{
	sqlite_statement_bind_i64(st, at, (int64_t)v);
}

void sqlite_statement_bind_i64(sqlite3_stmt *st, int at, int64_t v)
{
	int rc = sqlite3_bind_int64(st, at, v);
	assert(rc == SQLITE_OK);
}

void sqlite_statement_bind_blob(sqlite3_stmt *st, int at, const void *bytes, size_t n)
{
	int rc = sqlite3_bind_blob64(st, at, bytes, n, SQLITE_STATIC);
	assert(rc == SQLITE_OK);
}

void sqlite_statement_bind_uid(sqlite3_stmt *st, int at, const struct uid *id)
{
	sqlite_statement_bind_blob(st, at, id->b, sizeof id->b);
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

int sqlite_statement_finds(sqlite3_stmt *st, bool *found)
{
	int rc = sqlite3_step(st);
	*found = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

uint64_t sqlite_statement_u64(sqlite3_stmt *st, int column)
{
	return (uint64_t)sqlite3_column_int64(st, column);
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

char *sqlite_statement_text(sqlite3_stmt *st, int column)
{
	const char *s = (const char *)sqlite3_column_text(st, column);
	return s ? mem_strndup(s, (size_t)sqlite3_column_bytes(st, column)) : NULL;
}
