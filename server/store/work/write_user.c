/* STORE_USER_CREATE, STORE_USER_SET, STORE_TOKEN_CREATE and STORE_TOKEN_DELETE. */
#include "base/clock.h"
#include "store/work/token_age.h"
#include "store/work/writer.h"

#include <errno.h>
#include <string.h>

struct user_row {
	uint64_t no; /* 0: nobody */
	struct uid id;
	enum user_kind kind;
};

/* The person or bot of this name. */
static int find_by_key(struct writer *w, struct text name_key, struct user_row *out)
{
	*out = (struct user_row){0};
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_USER_BY_KEY);
	sqlite_statement_bind_text(st, 1, name_key);
	bool found;
	int rc = sqlite_statement_finds(st, &found);
	if (found) {
		out->no = sqlite_statement_u64(st, 0);
		sqlite_statement_uid(st, 1, &out->id);
		out->kind = (enum user_kind)sqlite3_column_int(st, 2);
	}
	return rc;
}

/* Whether a person or bot has the name, or one that looks like it. */
static int is_taken(struct writer *w, const struct store_user_create *op, bool *taken)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_USER_ALIKE);
	sqlite_statement_bind_text(st, 1, op->name_key);
	sqlite_statement_bind_text(st, 2, op->name);
	return sqlite_statement_finds(st, taken);
}

static struct text text_of(const char *s)
{
	return (struct text){.s = s, .n = s ? strlen(s) : 0};
}

static int insert_token(struct writer *w, uint64_t user_no, enum token_kind kind, const uint8_t hash[SECRET_HASH_BYTES])
{
	int64_t now_ms = clock_wall_ms();
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_TOKEN_INSERT);
	sqlite_statement_bind_blob(st, 1, hash, SECRET_HASH_BYTES);
	sqlite_statement_bind_u64(st, 2, user_no);
	sqlite_statement_bind_i64(st, 3, kind);
	sqlite_statement_bind_i64(st, 4, now_ms);
	sqlite_statement_bind_i64(st, 5, token_age_day(now_ms));
	return writer_own(w, sqlite_statement_run(st), "tokens");
}

static int insert_user(struct writer *w, const struct store_user_create *op, uint64_t *no)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_USER_INSERT);
	sqlite_statement_bind_uid(st, 1, &op->id);
	sqlite_statement_bind_i64(st, 2, op->kind);
	sqlite_statement_bind_i64(st, 3, op->role);
	sqlite_statement_bind_text(st, 4, op->name);
	sqlite_statement_bind_text(st, 5, op->name_key);
	sqlite_statement_bind_text(st, 6, text_of(op->password_hash));
	if (op->created_by_no != 0)
		sqlite_statement_bind_u64(st, 7, op->created_by_no);
	else
		sqlite3_bind_null(st, 7);
	sqlite_statement_bind_i64(st, 8, clock_wall_ms());
	int rc = sqlite_statement_run(st);
	*no = (uint64_t)sqlite3_last_insert_rowid(w->connection.db);
	return rc;
}

static int has_owner(struct writer *w, bool *has)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_USER_OWNER);
	return sqlite_statement_finds(st, has);
}

int write_user_create(struct writer *w, struct store_user_create *op)
{
	bool taken, owned = false;
	int rc = is_taken(w, op, &taken);
	if (rc == SQLITE_OK && op->first_owner)
		rc = has_owner(w, &owned);
	if (rc != SQLITE_OK)
		return rc;
	if (taken || owned) {
		op->op.result = owned ? -EPERM : -EEXIST;
		return SQLITE_OK;
	}
	rc = insert_user(w, op, &op->user_no);
	if (rc == SQLITE_OK && op->has_token)
		rc = insert_token(w, op->user_no, op->token_kind, op->token_hash);
	return rc;
}

/* Tokens of kinds up to this one. */
static int delete_tokens_of(struct writer *w, uint64_t user_no, enum token_kind up_to)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_TOKEN_DELETE_OF);
	sqlite_statement_bind_u64(st, 1, user_no);
	sqlite_statement_bind_i64(st, 2, up_to);
	return writer_own(w, sqlite_statement_run(st), "tokens");
}

static int put_password(struct writer *w, uint64_t user_no, const char *password_hash)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_USER_SET_PASSWORD);
	sqlite_statement_bind_u64(st, 1, user_no);
	sqlite_statement_bind_text(st, 2, text_of(password_hash));
	return sqlite_statement_run(st);
}

/* Another password: nobody stays signed in who knew only the old one. */
static int set_password(struct writer *w, uint64_t user_no, const char *password_hash)
{
	int rc = put_password(w, user_no, password_hash);
	return rc == SQLITE_OK ? delete_tokens_of(w, user_no, TOKEN_SESSION) : rc;
}

static int set_role(struct writer *w, uint64_t user_no, enum user_role role)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_USER_SET_ROLE);
	sqlite_statement_bind_u64(st, 1, user_no);
	sqlite_statement_bind_i64(st, 2, role);
	return sqlite_statement_run(st);
}

int write_user_set(struct writer *w, struct store_user_set *op)
{
	struct user_row user;
	int rc = find_by_key(w, op->name_key, &user);
	if (rc != SQLITE_OK)
		return rc;
	bool is_bot = user.kind == USER_BOT; /* has a token, never a password */
	if (user.no == 0 || (is_bot && op->password_hash)) {
		op->op.result = -ENOENT;
		return SQLITE_OK;
	}
	op->user_id = user.id;
	if (op->password_hash)
		rc = set_password(w, user.no, op->password_hash);
	if (rc == SQLITE_OK && op->make_owner)
		rc = set_role(w, user.no, USER_ROLE_OWNER);
	return rc;
}

static int has_password(struct writer *w, uint64_t user_no, const char *password_hash, bool *has)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_USER_HAS_PASSWORD);
	sqlite_statement_bind_u64(st, 1, user_no);
	sqlite_statement_bind_text(st, 2, text_of(password_hash));
	return sqlite_statement_finds(st, has);
}

int write_token_create(struct writer *w, struct store_token_create *op)
{
	bool may = true;
	int rc = op->password_hash ? has_password(w, op->user_no, op->password_hash, &may) : SQLITE_OK;
	if (rc != SQLITE_OK)
		return rc;
	if (!may) {
		op->op.result = -ENOENT;
		return SQLITE_OK;
	}
	if (op->renewed_password_hash)
		rc = put_password(w, op->user_no, op->renewed_password_hash);
	if (rc == SQLITE_OK && op->alone)
		rc = delete_tokens_of(w, op->user_no, TOKEN_BOT);
	return rc == SQLITE_OK ? insert_token(w, op->user_no, op->kind, op->hash) : rc;
}

int write_token_delete(struct writer *w, struct store_token_delete *op)
{
	auto_reset sqlite3_stmt *find = sqlite_statement(&w->connection, ST_TOKEN_FIND);
	sqlite_statement_bind_blob(find, 1, op->hash, sizeof op->hash);
	int rc = writer_own(w, sqlite3_step(find), "tokens");
	if (rc != SQLITE_ROW) {
		op->op.result = -ENOENT;
		return rc == SQLITE_DONE ? SQLITE_OK : rc;
	}
	uint64_t user_no = sqlite_statement_u64(find, 0);
	sqlite3_reset(find);
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_TOKEN_DELETE);
	sqlite_statement_bind_blob(st, 1, op->hash, sizeof op->hash);
	rc = writer_own(w, sqlite_statement_run(st), "tokens");
	return rc == SQLITE_OK && op->everywhere ? delete_tokens_of(w, user_no, TOKEN_SESSION) : rc;
}
