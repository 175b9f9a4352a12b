/* STORE_USER_CREATE, STORE_OWNER_LINK, STORE_USER_SET, STORE_TOKEN_CREATE and STORE_TOKEN_DELETE; STORE_PING. */
#include "base/clock.h"
#include "store/work/batch.h"
#include "store/work/token_age.h"

#include <errno.h>
#include <string.h>

/* Where others write too, accounts are locked before what belongs to them changes. */
static const struct db_statement user_by_key = {
	.sql = "SELECT no, id, kind FROM account WHERE name_key = $1 AND " ACCOUNT_IS_NAMED("kind"),
	.postgres = "SELECT no, id, kind FROM account WHERE name_key = $1 AND " ACCOUNT_IS_NAMED("kind") " FOR UPDATE",
	.parameters = "t"};
static const struct db_statement user_alike = {
	.sql = "SELECT 1 FROM account WHERE " ACCOUNT_IS_NAMED("kind") " AND name_key = $1 UNION ALL "
								       "SELECT 1 FROM account WHERE " ACCOUNT_IS_NAMED(
									       "kind") " AND skeleton = $2 LIMIT 1",
	.parameters = "tt"};
static const struct db_statement user_number = {
	.sql = "SELECT coalesce(max(no), 0) + 1 FROM account", .postgres = "SELECT nextval('account_no')", .parameters = ""};
static const struct db_statement user_insert = {
	.sql = "INSERT INTO account (no, id, kind, role, name, name_key, password_hash, created_by_no, created_ms, skeleton)"
	       " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN " ACCOUNT_IS_NAMED("$3") " THEN $10 END)",
	.parameters = "nbnntttnnt"};
static const struct db_statement owner_get = {.sql = "SELECT 1 FROM account WHERE role = 1 LIMIT 1", .parameters = ""};
/* Only one transaction at a time makes a first owner: the row of meta stands for there being none. */
static const struct db_statement owner_lock = {.sql = "SELECT 1 FROM meta WHERE key = 'made_ms'",
					       .postgres = "SELECT 1 FROM meta WHERE key = 'made_ms' FOR UPDATE",
					       .parameters = ""};
/* The hashes one behind the other, the oldest first. */
static const struct db_statement owner_links_get = {.sql = "SELECT value FROM meta WHERE key = 'owner_links'",
						    .postgres = "SELECT bytes FROM meta WHERE key = 'owner_links'",
						    .parameters = ""};
#define PUT_OWNER_LINKS(column) \
	"INSERT INTO meta (key, " column ") VALUES ('owner_links', $1) ON CONFLICT (key) DO UPDATE SET " column " = excluded." column
static const struct db_statement owner_links_put = {
	.sql = PUT_OWNER_LINKS("value"), .postgres = PUT_OWNER_LINKS("bytes"), .parameters = "b"};
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
enum { ALIKE, OWNER_LOCK, OWNER, OWNER_LINKS, USER_NUMBER };

static const uint8_t *find_link(struct text links, const uint8_t *hash)
{
	for (size_t at = 0; at + SECRET_HASH_BYTES <= links.n; at += SECRET_HASH_BYTES)
		if (memcmp(links.s + at, hash, SECRET_HASH_BYTES) == 0)
			return (const uint8_t *)links.s + at;
	return NULL;
}

static int read_links(struct db_answer *asked, struct text *links)
{
	int rc = db_row(asked);
	*links = rc == DB_ROW ? db_column_bytes(asked, 0) : (struct text){0};
	return rc < 0 ? rc : DB_OK;
}

void owner_link_look(struct batch *b, struct store_owner_link *op)
{
	op->op.asked[OWNER_LOCK] = db_ask_plain(b->db, &owner_lock);
	op->op.asked[OWNER_LINKS] = db_ask_plain(b->db, &owner_links_get);
}

int owner_link_write(struct batch *b, struct store_owner_link *op)
{
	struct text links;
	if (batch_is_stale(b, KEY_OWNER, NULL, 0))
		return BATCH_LATER;
	int rc = read_links(op->op.asked[OWNER_LINKS], &links);
	if (rc != DB_OK)
		return rc;
	auto_buf now = BUF_INIT;
	for (size_t at = 0; at + SECRET_HASH_BYTES <= links.n; at += SECRET_HASH_BYTES)
		if (memcmp(links.s + at, op->hash, SECRET_HASH_BYTES) != 0)
			buf_append(&now, links.s + at, SECRET_HASH_BYTES);
	if (!op->ends)
		buf_append(&now, op->hash, SECRET_HASH_BYTES);
	enum { MOST = STORE_OWNER_LINKS_MAX * SECRET_HASH_BYTES };
	size_t n = now.len < MOST ? now.len : MOST;
	batch_wrote(b, KEY_OWNER, NULL, 0);
	struct text kept = batch_keep(b, n ? now.data + now.len - n : NULL, n);
	return db_send(b->db, &owner_links_put, db_bytes(kept.s, kept.n));
}

void user_create_look(struct batch *b, struct store_user_create *op)
{
	struct db_answer **asked = op->op.asked;
	asked[ALIKE] = db_ask(b->db, &user_alike, db_text(op->name_key), db_text(batch_skeleton(b, op->name)));
	if (op->first_owner) {
		asked[OWNER_LOCK] = db_ask_plain(b->db, &owner_lock);
		asked[OWNER] = db_ask_plain(b->db, &owner_get);
		if (op->owner_link)
			asked[OWNER_LINKS] = db_ask_plain(b->db, &owner_links_get);
	}
	asked[USER_NUMBER] = batch_ask_account_number(b);
}

struct db_answer *batch_ask_account_number(struct batch *b)
{
	return db_ask_plain(b->db, &user_number);
}

/* Guests are checked against names, and take none; hooks have one with a badge. */
int batch_add_account(struct batch *b, struct db_answer *number, const struct batch_account *account, uint64_t *no)
{
	int rc = db_row(number);
	if (rc != DB_ROW)
		return rc == DB_DONE ? DB_DAMAGED : rc;
	*no = db_column_number(number, 0);
	struct text skeleton = batch_skeleton(b, account->name);
	batch_wrote(b, KEY_USER_ID, account->id->b, sizeof account->id->b);
	if (account->kind < USER_GUEST) {
		batch_wrote_text(b, KEY_NAME, account->name_key);
		batch_wrote_text(b, KEY_SKELETON, skeleton);
	}
	if (account->role == USER_ROLE_OWNER)
		batch_wrote(b, KEY_OWNER, NULL, 0);
	return db_send(b->db, &user_insert, db_number(*no), db_uid(account->id), db_signed(account->kind), db_signed(account->role),
		       db_text(account->name), db_text(account->name_key), db_text(account->password_hash),
		       db_known(account->created_by_no), db_signed(account->created_ms), db_text(skeleton));
}

static bool create_is_stale(struct batch *b, const struct store_user_create *op)
{
	return b->db->looks_ahead &&
	       (batch_text_is_stale(b, KEY_NAME, op->name_key) || batch_text_is_stale(b, KEY_SKELETON, batch_skeleton(b, op->name)) ||
		(op->first_owner && batch_is_stale(b, KEY_OWNER, NULL, 0)));
}

/* Sets op->result when there is a reason against it. */
static int may_create(struct store_user_create *op)
{
	struct db_answer **asked = op->op.asked;
	struct text links = {0};
	bool taken, owned = false;
	int rc = batch_finds(asked[ALIKE], &taken);
	if (rc == DB_OK && asked[OWNER])
		rc = batch_finds(asked[OWNER], &owned);
	if (rc == DB_OK && asked[OWNER_LINKS])
		rc = read_links(asked[OWNER_LINKS], &links);
	if (owned)
		op->op.result = -EPERM;
	else if (op->owner_link && !find_link(links, op->owner_link))
		op->op.result = -EACCES;
	else if (taken)
		op->op.result = -EEXIST;
	return rc;
}

static int insert_user(struct batch *b, struct store_user_create *op)
{
	struct batch_account account = {.id = &op->id,
					.kind = op->kind,
					.role = op->role,
					.name = op->name,
					.name_key = op->name_key,
					.password_hash = text_of(op->password_hash),
					.created_by_no = op->created_by_no,
					.created_ms = clock_wall_ms()};
	return batch_add_account(b, op->op.asked[USER_NUMBER], &account, &op->user_no);
}

int user_create_write(struct batch *b, struct store_user_create *op)
{
	if (create_is_stale(b, op))
		return BATCH_LATER;
	int rc = may_create(op);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
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
	int rc = db_send(b->db, &role_set, db_number(user_no), db_signed(USER_ROLE_OWNER));
	return rc == DB_OK ? batch_gain_server_events(b, user_no) : rc;
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
