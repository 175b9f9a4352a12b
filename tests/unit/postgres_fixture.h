/* What the tests of the driver for PostgreSQL have in common: one server for each program, connections with short times. */
#ifndef PARLEY_TESTS_POSTGRES_FIXTURE_H
#define PARLEY_TESTS_POSTGRES_FIXTURE_H

#include "cmocka_wrap.h"

#include "postgres_server.h"
#include "store/postgres/db_postgres.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture {
	struct postgres_server server;
	char address[160];
};

static inline int fixture_make(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	postgres_server_make(&f->server);
	postgres_server_address(&f->server, "postgres", f->address, sizeof f->address);
	*state = f;
	return 0;
}

static inline int fixture_remove(void **state)
{
	struct fixture *f = *state;
	postgres_server_remove(&f->server);
	free(f);
	return 0;
}

/* Tries until it is connected; `tries` bounds it. */
static inline int fixture_connect(struct db *db, int tries)
{
	int rc = DB_AWAY;
	while (rc != DB_OK && tries-- > 0)
		rc = db_postgres_connect(db);
	return rc;
}

static inline struct db *fixture_open_with(const struct db_postgres_options *options)
{
	struct db *db = db_postgres_new(options);
	if (fixture_connect(db, 1) != DB_OK) {
		char reason[DB_POSTGRES_REASON_BYTES + 8];
		fail_msg("no connection: %s", db_reason(db, reason, sizeof reason));
	}
	return db;
}

static inline struct db *fixture_open(struct fixture *f)
{
	return fixture_open_with(&(struct db_postgres_options){.address = f->address, .may_lose_commits = true, .connect_ms = 60000});
}

/* Closes it at the end of the scope, after its answers, which are declared later. */
static inline void fixture_close_at(struct db **db)
{
	if (*db)
		db_close(*db);
}
#define auto_db __attribute__((cleanup(fixture_close_at))) struct db

/* The number that a question without parameters answers. */
static inline int64_t fixture_number(struct db *db, const struct db_statement *statement)
{
	auto_answer *answer = db_ask_plain(db, statement);
	assert_int_equal(db_row(answer), DB_ROW);
	return db_column_signed(answer, 0);
}

#endif
