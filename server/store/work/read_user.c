/* STORE_SIGN_IN and STORE_USER_BY_NAME. */
#include "base/clock.h"
#include "base/memory.h"
#include "store/work/rows.h"
#include "store/work/store_reader.h"
#include "store/work/token_age.h"

#include <errno.h>
#include <string.h>

static const struct db_statement token_user = {
	.sql = "SELECT " USER_COLUMNS ", t.kind, t.used_day FROM token t JOIN account u ON u.no = t.user_no WHERE t.hash = $1",
	.parameters = "b",
};
static const struct db_statement tokens_of_user = {.sql = "SELECT hash FROM token WHERE user_no = $1 ORDER BY hash", .parameters = "n"};
static const struct db_statement user_by_no = {.sql = "SELECT " USER_COLUMNS " FROM account u WHERE u.no = $1", .parameters = "n"};
static const struct db_statement user_by_key = {
	.sql = "SELECT " USER_COLUMNS ", u.password_hash FROM account u WHERE u.name_key = $1 AND " ACCOUNT_IS_NAMED("u.kind"),
	.parameters = "t",
};

#define MEMBERSHIPS(user_no) \
	"SELECT " ROOM_COLUMNS \
	", m.role, m.read_seq, m.read_messages FROM member m JOIN room r ON r.no = m.room_no WHERE m.user_no = " user_no
static const struct db_statement memberships_of_user = {.sql = MEMBERSHIPS("$1"), .parameters = "n"};
static const struct db_statement memberships_of_token = {
	.sql = MEMBERSHIPS("(SELECT t.user_no FROM token t WHERE t.hash = $1)"),
	.parameters = "b",
};

/* DB_ROW: the user is there. DB_DONE: there is none, or the token is too old. */
static int read_user(struct store_reader *r, struct db_answer *answer, struct store_sign_in *op)
{
	int result = db_row(answer);
	if (result != DB_ROW)
		return result;
	if (op->by_token) {
		int64_t today = token_age_day(clock_wall_ms()), used_day = db_column_signed(answer, USER_COLUMN_COUNT + 1);
		op->user_no = db_column_number(answer, 0);
		op->token_kind = (enum token_kind)db_column_signed(answer, USER_COLUMN_COUNT);
		if (op->token_kind == TOKEN_SESSION && today - used_day > TOKEN_AGE_DAYS_MAX)
			return DB_DONE;
		if (used_day < today)
			commit_queue_touch_token(r->writes, TOUCH_TOKEN, op->token_hash, today);
	}
	return rows_user(answer, &op->user) ? DB_ROW : READ_NO_SENSE;
}

static int read_memberships(struct db_answer *answer, struct store_sign_in *op)
{
	size_t n_allocated = 0;
	int result;
	while ((result = db_row(answer)) == DB_ROW) {
		if (op->n_memberships == n_allocated) {
			n_allocated = n_allocated ? n_allocated * 2 : 8;
			op->memberships = mem_realloc(op->memberships, n_allocated * sizeof op->memberships[0]);
		}
		struct store_membership *m = &op->memberships[op->n_memberships++];
		if (!rows_room(answer, &m->room) || !rows_member_role(answer, ROOM_COLUMN_COUNT, &m->role))
			return READ_NO_SENSE;
		m->read_seq = db_column_number(answer, ROOM_COLUMN_COUNT + 1);
		m->read_messages = db_column_number(answer, ROOM_COLUMN_COUNT + 2);
	}
	return result;
}

static int read_tokens(struct db_answer *answer, struct store_sign_in *op)
{
	size_t n_allocated = 0;
	int result;
	while ((result = db_row(answer)) == DB_ROW) {
		struct text hash = db_column_bytes(answer, 0);
		if (!hash.s || hash.n != sizeof op->token_hashes[0])
			return READ_NO_SENSE;
		if (op->n_token_hashes == n_allocated) {
			n_allocated = n_allocated ? n_allocated * 2 : 8;
			op->token_hashes = mem_realloc(op->token_hashes, n_allocated * sizeof op->token_hashes[0]);
		}
		memcpy(op->token_hashes[op->n_token_hashes++], hash.s, hash.n);
	}
	return result;
}

/* DB_DONE, and *found says whether somebody may sign in; or a failure. */
static int read_both(struct store_reader *r, struct store_sign_in *op, bool *found)
{
	struct db_value hash = db_bytes(op->token_hash, sizeof op->token_hash), no = db_number(op->user_no);
	auto_answer *tokens = op->with_tokens ? db_ask(r->db, &tokens_of_user, no) : NULL;
	auto_answer *user = op->by_token ? db_ask(r->db, &token_user, hash) : db_ask(r->db, &user_by_no, no);
	auto_answer *memberships = op->by_token ? db_ask(r->db, &memberships_of_token, hash) : db_ask(r->db, &memberships_of_user, no);
	int result = tokens ? read_tokens(tokens, op) : DB_DONE;
	op->has_token_hashes = tokens && result == DB_DONE;
	if (result == DB_DONE)
		result = read_user(r, user, op);
	*found = result == DB_ROW;
	return *found ? read_memberships(memberships, op) : result;
}

static void forget_all_but_tokens(struct store_sign_in *op)
{
	struct store_sign_in rest = *op;
	rest.token_hashes = NULL;
	store_sign_in_finish(&rest);
	op->user = (struct store_user){0};
	op->memberships = NULL;
	op->n_memberships = 0;
}

int read_sign_in(struct store_reader *r, struct store_sign_in *op)
{
	bool found = false;
	op->user = (struct store_user){0};
	op->memberships = NULL;
	op->n_memberships = 0;
	op->has_token_hashes = false;
	op->token_hashes = NULL;
	op->n_token_hashes = 0;
	/* One transaction: user and rooms are of the same moment. */
	int result = db_begin(r->db, false);
	if (result == DB_OK)
		result = read_both(r, op, &found);
	if (result != DB_DONE) {
		int failed = store_reader_failed(r, result, "sign_in");
		(void)db_rollback(r->db);
		op->has_token_hashes &= failed == -EBADMSG;
		if (op->has_token_hashes)
			forget_all_but_tokens(op);
		else
			store_sign_in_finish(op);
		return failed;
	}
	if (db_commit(r->db) != DB_OK) /* which all has been read before */
		(void)db_rollback(r->db);
	return found ? 0 : -ENOENT;
}

int read_user_by_name(struct store_reader *r, struct store_user_by_name *op)
{
	op->user = (struct store_user){0};
	op->password_hash = NULL;
	auto_answer *answer = db_ask(r->db, &user_by_key, db_text(op->name_key));
	int result = db_row(answer);
	if (result == DB_ROW) {
		if (rows_user(answer, &op->user)) {
			op->password_hash = db_column_copy(answer, USER_COLUMN_COUNT);
			return 0;
		}
		result = READ_NO_SENSE;
	}
	return result == DB_DONE ? -ENOENT : store_reader_failed(r, result, "user_by_name");
}
