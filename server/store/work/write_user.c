/* STORE_USER_CREATE, STORE_USER_SET, STORE_TOKEN_CREATE and STORE_TOKEN_DELETE; STORE_PING. */
#include "base/clock.h"
#include "store/work/batch.h"
#include "store/work/token_age.h"

#include <errno.h>
#include <string.h>

/* Where others write too, accounts are locked before what belongs to them changes. */
static const struct db_statement user_by_key = {.sql = "SELECT no, id, kind FROM account WHERE name_key = $1 AND kind <> 2",
						.postgres = "SELECT no, id, kind FROM account WHERE name_key = $1 AND kind <> 2 FOR UPDATE",
						.parameters = "t"};
static const struct db_statement user_alike = {.sql = "SELECT 1 FROM account WHERE kind <> 2 AND name_key = $1 UNION ALL "
						      "SELECT 1 FROM account WHERE kind <> 2 AND skeleton = $2 LIMIT 1",
					       .parameters = "tt"};
static const struct db_statement user_number = {
	.sql = "SELECT coalesce(max(no), 0) + 1 FROM account", .postgres = "SELECT nextval('account_no')", .parameters = ""};
static const struct db_statement user_insert = {
	.sql = "INSERT INTO account (no, id, kind, role, name, name_key, password_hash, created_by_no, created_ms, skeleton)"
	       " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $3 <> 2 THEN $10 END)",
	.parameters = "nbnntttnnt"};
static const struct db_statement owner_get = {.sql = "SELECT 1 FROM account WHERE role = 1 LIMIT 1", .parameters = ""};
/* Only one transaction at a time makes a first owner: the row of meta stands for there being none. */
static const struct db_statement owner_lock = {.sql = "SELECT 1 FROM meta WHERE key = 'made_ms'",
					       .postgres = "SELECT 1 FROM meta WHERE key = 'made_ms' FOR UPDATE",
					       .parameters = ""};
static const struct db_statement password_get = {.sql = "SELECT 1 FROM account WHERE no = $1 AND password_hash = $2",
						 .postgres = "SELECT 1 FROM account WHERE no = $1 AND password_hash = $2 FOR UPDATE",
						 .parameters = "nt"};
static const struct db_statement password_set = {.sql = "UPDATE account SET password_hash = $2 WHERE no = $1", .parameters = "nt"};
static const struct db_statement role_set = {.sql = "UPDATE account SET role = $2 WHERE no = $1", .parameters = "nn"};
static const struct db_statement token_insert = {
	.sql = "INSERT INTO token (hash, user_no, kind, created_ms, used_day) VALUES ($1, $2, $3, $4, $5)", .parameters = "bnnnn"};
static const struct db_statement token_get = {
	.sql = "SELECT user_no FROM token WHERE hash = $1",
	.postgres = "SELECT a.no FROM token t JOIN account a ON a.no = t.user_no WHERE t.hash = $1 FOR UPDATE OF a",
	.parameters = "b"};
static const struct db_statement token_drop = {.sql = "DELETE FROM token WHERE hash = $1", .parameters = "b"};
/* Tokens of kinds up to $2. */
static const struct db_statement tokens_drop = {.sql = "DELETE FROM token WHERE user_no = $1 AND kind <= $2", .parameters = "nn"};
static const struct db_statement pinged = {.sql = "UPDATE meta SET value = $1 WHERE key = 'pinged_ms'", .parameters = "n"};

static struct text text_of(const char *s)
{
	return (struct text){.s = s, .n = s ? strlen(s) : 0};
}

static int insert_token(struct batch *b, uint64_t user_no, enum token_kind kind, const uint8_t hash[SECRET_HASH_BYTES])
{
	int64_t now_ms = clock_wall_ms();
	batch_wrote(b, KEY_TOKEN, hash, SECRET_HASH_BYTES);
	batch_wrote_number(b, KEY_ACCOUNT, user_no);
	return batch_own(b,
			 db_send(b->db, &token_insert, db_bytes(hash, SECRET_HASH_BYTES), db_number(user_no), db_signed(kind),
				 db_signed(now_ms), db_signed(token_age_day(now_ms))),
			 "tokens");
}

static int drop_tokens_of(struct batch *b, uint64_t user_no, enum token_kind up_to)
{
	batch_wrote_number(b, KEY_ACCOUNT, user_no);
	return batch_own(b, db_send(b->db, &tokens_drop, db_number(user_no), db_signed(up_to)), "tokens");
}

/* What making an account asks. */
enum { ALIKE, OWNER_LOCK, OWNER, USER_NUMBER };

void user_create_look(struct batch *b, struct store_user_create *op)
{
	struct db_answer **asked = op->op.asked;
	asked[ALIKE] = db_ask(b->db, &user_alike, db_text(op->name_key), db_text(batch_skeleton(b, op->name)));
	if (op->first_owner) {
		asked[OWNER_LOCK] = db_ask_plain(b->db, &owner_lock);
		asked[OWNER] = db_ask_plain(b->db, &owner_get);
	}
	asked[USER_NUMBER] = db_ask_plain(b->db, &user_number);
}

/* Guests are checked against names, and take none. */
static int insert_user(struct batch *b, const struct store_user_create *op)
{
	struct text skeleton = batch_skeleton(b, op->name);
	batch_wrote(b, KEY_USER_ID, op->id.b, sizeof op->id.b);
	if (op->kind != USER_GUEST) {
		batch_wrote_text(b, KEY_NAME, op->name_key);
		batch_wrote_text(b, KEY_SKELETON, skeleton);
	}
	if (op->role == USER_ROLE_OWNER)
		batch_wrote(b, KEY_OWNER, NULL, 0);
	return db_send(b->db, &user_insert, db_number(op->user_no), db_uid(&op->id), db_signed(op->kind), db_signed(op->role),
		       db_text(op->name), db_text(op->name_key), db_text(text_of(op->password_hash)), db_known(op->created_by_no),
		       db_signed(clock_wall_ms()), db_text(skeleton));
}

static bool create_is_stale(struct batch *b, const struct store_user_create *op)
{
	return b->db->looks_ahead &&
	       (batch_text_is_stale(b, KEY_NAME, op->name_key) || batch_text_is_stale(b, KEY_SKELETON, batch_skeleton(b, op->name)) ||
		(op->first_owner && batch_is_stale(b, KEY_OWNER, NULL, 0)));
}

int user_create_write(struct batch *b, struct store_user_create *op)
{
	struct db_answer **asked = op->op.asked;
	bool taken, owned = false;
	if (create_is_stale(b, op))
		return BATCH_LATER;
	int rc = batch_finds(asked[ALIKE], &taken);
	if (rc == DB_OK && op->first_owner)
		rc = batch_finds(asked[OWNER], &owned);
	if (rc != DB_OK)
		return rc;
	if (taken || owned) {
		op->op.result = owned ? -EPERM : -EEXIST;
		return DB_OK;
	}
	rc = db_row(asked[USER_NUMBER]);
	if (rc != DB_ROW)
		return rc == DB_DONE ? DB_DAMAGED : rc;
	op->user_no = db_column_number(asked[USER_NUMBER], 0);
	rc = insert_user(b, op);
	return rc == DB_OK && op->has_token ? insert_token(b, op->user_no, op->token_kind, op->token_hash) : rc;
}

void user_set_look(struct batch *b, struct store_user_set *op)
{
	op->op.asked[0] = db_ask(b->db, &user_by_key, db_text(op->name_key));
}

static int put_password(struct batch *b, uint64_t user_no, const char *password_hash)
{
	batch_wrote_number(b, KEY_ACCOUNT, user_no);
	return db_send(b->db, &password_set, db_number(user_no), db_text(text_of(password_hash)));
}

/* Another password: nobody stays signed in who knew only the old one. */
static int set_password(struct batch *b, uint64_t user_no, const char *password_hash)
{
	int rc = put_password(b, user_no, password_hash);
	return rc == DB_OK ? drop_tokens_of(b, user_no, TOKEN_SESSION) : rc;
}

static int make_owner(struct batch *b, uint64_t user_no)
{
	batch_wrote_number(b, KEY_ACCOUNT, user_no);
	batch_wrote(b, KEY_OWNER, NULL, 0);
	return db_send(b->db, &role_set, db_number(user_no), db_signed(USER_ROLE_OWNER));
}

int user_set_write(struct batch *b, struct store_user_set *op)
{
	struct db_answer *asked = op->op.asked[0];
	bool found;
	if (batch_text_is_stale(b, KEY_NAME, op->name_key))
		return BATCH_LATER;
	int rc = batch_finds(asked, &found);
	if (rc != DB_OK)
		return rc;
	/* A bot has a token, never a password. */
	if (!found || (op->password_hash && db_column_signed(asked, 2) == USER_BOT)) {
		op->op.result = -ENOENT;
		return DB_OK;
	}
	uint64_t user_no = op->user_no = db_column_number(asked, 0);
	db_column_uid(asked, 1, &op->user_id);
	if (op->password_hash)
		rc = set_password(b, user_no, op->password_hash);
	return rc == DB_OK && op->make_owner ? make_owner(b, user_no) : rc;
}

void token_create_look(struct batch *b, struct store_token_create *op)
{
	if (op->password_hash)
		op->op.asked[0] = db_ask(b->db, &password_get, db_number(op->user_no), db_text(text_of(op->password_hash)));
}

int token_create_write(struct batch *b, struct store_token_create *op)
{
	bool may = true;
	if (op->password_hash && batch_number_is_stale(b, KEY_ACCOUNT, op->user_no))
		return BATCH_LATER;
	int rc = op->password_hash ? batch_finds(op->op.asked[0], &may) : DB_OK;
	if (rc != DB_OK)
		return rc;
	if (!may) {
		op->op.result = -ENOENT;
		return DB_OK;
	}
	if (op->renewed_password_hash)
		rc = put_password(b, op->user_no, op->renewed_password_hash);
	if (rc == DB_OK && op->alone)
		rc = drop_tokens_of(b, op->user_no, TOKEN_BOT);
	return rc == DB_OK ? insert_token(b, op->user_no, op->kind, op->hash) : rc;
}

void token_delete_look(struct batch *b, struct store_token_delete *op)
{
	op->op.asked[0] = db_ask(b->db, &token_get, db_bytes(op->hash, sizeof op->hash));
}

int token_delete_write(struct batch *b, struct store_token_delete *op)
{
	bool found;
	if (batch_is_stale(b, KEY_TOKEN, op->hash, sizeof op->hash))
		return BATCH_LATER;
	int rc = batch_own(b, batch_finds(op->op.asked[0], &found), "tokens");
	if (rc != DB_OK)
		return rc;
	uint64_t user_no = found ? db_column_number(op->op.asked[0], 0) : 0;
	if (batch_number_is_stale(b, KEY_ACCOUNT, user_no))
		return BATCH_LATER;
	if (!found) {
		op->op.result = -ENOENT;
		return DB_OK;
	}
	op->user_no = user_no;
	batch_wrote_number(b, KEY_ACCOUNT, user_no);
	batch_wrote(b, KEY_TOKEN, op->hash, sizeof op->hash);
	rc = batch_own(b, db_send(b->db, &token_drop, db_bytes(op->hash, sizeof op->hash)), "tokens");
	return rc == DB_OK && op->everywhere ? drop_tokens_of(b, user_no, TOKEN_SESSION) : rc;
}

void ping_look(struct batch *b, struct store_ping *op)
{
	(void)b;
	(void)op;
}

int ping_write(struct batch *b, struct store_ping *op)
{
	if (damage_is_known(b->damage))
		op->op.result = -EBADMSG;
	return db_send(b->db, &pinged, db_signed(clock_wall_ms()));
}
