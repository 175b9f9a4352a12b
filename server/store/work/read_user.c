/* STORE_SIGN_IN and STORE_USER_BY_NAME. */
#include "base/clock.h"
#include "base/memory.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/work/store_reader.h"
#include "store/work/token_age.h"

#include <errno.h>
#include <string.h>

/* Sets op->user_no and op->token_kind from the token. Returns SQLITE_ROW when there is a good one, SQLITE_DONE when there is none. */
static int look_up_token(struct store_reader *r, struct store_sign_in *op)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(r->connection, ST_TOKEN_FIND);
	sqlite_statement_bind_blob(st, 1, op->token_hash, sizeof op->token_hash);
	int rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return rc;
	int64_t today = token_age_day(clock_wall_ms()), used_day = sqlite3_column_int64(st, 2);
	op->user_no = sqlite_statement_u64(st, 0);
	op->token_kind = (enum token_kind)sqlite3_column_int(st, 1);
	if (op->token_kind == TOKEN_SESSION && today - used_day > TOKEN_AGE_DAYS_MAX)
		return SQLITE_DONE;
	if (used_day < today)
		commit_queue_touch_token(r->writes, op->token_hash, today);
	return SQLITE_ROW;
}

static int look_up_user(struct store_reader *r, struct store_sign_in *op)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(r->connection, ST_USER_BY_NO);
	sqlite_statement_bind_u64(st, 1, op->user_no);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW && !sqlite_rows_user(st, &op->user))
		return SQLITE_CORRUPT;
	return rc;
}

static int look_up_memberships(struct store_reader *r, struct store_sign_in *op)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(r->connection, ST_MEMBER_OF);
	sqlite_statement_bind_u64(st, 1, op->user_no);
	size_t n_allocated = 0;
	int rc;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (op->n_memberships == n_allocated) {
			n_allocated = n_allocated ? n_allocated * 2 : 8;
			op->memberships = mem_realloc(op->memberships, n_allocated * sizeof op->memberships[0]);
		}
		struct store_membership *m = &op->memberships[op->n_memberships++];
		if (!sqlite_rows_room(st, &m->room) || !sqlite_rows_member_role(st, ROOM_COLUMN_COUNT, &m->role))
			return SQLITE_CORRUPT;
		m->read_seq = sqlite_statement_u64(st, ROOM_COLUMN_COUNT + 1);
		m->read_messages = sqlite_statement_u64(st, ROOM_COLUMN_COUNT + 2);
	}
	return rc;
}

int read_sign_in(struct store_reader *r, struct store_sign_in *op)
{
	op->user = (struct store_user){0};
	op->memberships = NULL;
	op->n_memberships = 0;
	/* One transaction: user and rooms are of the same moment. */
	int rc = sqlite_statement_run(sqlite_statement(r->connection, ST_BEGIN_READ));
	if (rc == SQLITE_OK)
		rc = op->by_token ? look_up_token(r, op) : SQLITE_ROW;
	if (rc == SQLITE_ROW)
		rc = look_up_user(r, op);
	bool found = rc == SQLITE_ROW;
	if (found)
		rc = look_up_memberships(r, op);
	if (rc != SQLITE_DONE) {
		int failed = store_reader_failed(r, rc, "sign_in");
		sqlite_statement_run(sqlite_statement(r->connection, ST_COMMIT));
		store_sign_in_finish(op);
		return failed;
	}
	sqlite_statement_run(sqlite_statement(r->connection, ST_COMMIT));
	return found ? 0 : -ENOENT;
}

int read_user_by_name(struct store_reader *r, struct store_user_by_name *op)
{
	op->user = (struct store_user){0};
	op->password_hash = NULL;
	auto_reset sqlite3_stmt *st = sqlite_statement(r->connection, ST_USER_BY_KEY);
	sqlite_statement_bind_text(st, 1, op->name_key);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		if (sqlite_rows_user(st, &op->user)) {
			op->password_hash = sqlite_statement_text(st, USER_COLUMN_COUNT);
			return 0;
		}
		rc = SQLITE_CORRUPT;
	}
	return rc == SQLITE_DONE ? -ENOENT : store_reader_failed(r, rc, "user_by_name");
}
