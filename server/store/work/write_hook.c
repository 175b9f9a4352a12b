/* STORE_HOOK_CREATE, STORE_HOOK_ROTATE and STORE_HOOK_DELETE. */
#include "base/clock.h"
#include "store/work/batch.h"

#include <errno.h>

static const struct db_statement hook_count = {.sql = "SELECT count(*) FROM hook WHERE room_no = $1", .parameters = "n"};
static const struct db_statement hook_insert = {
	.sql = "INSERT INTO hook (account_no, room_no, token_hash, secret, adapter, template, may_mention, used_day)"
	       " VALUES ($1, $2, $3, $4, $5, $6, 0, 0)",
	.parameters = "nnbttt"};
/* A hook, and what $2, who asks, is in its room and on the server. */
#define HOOK_OF_ASKER \
	"SELECT h.account_no, h.room_no, r.kind, (SELECT m.role FROM member m WHERE m.user_no = $2 AND m.room_no = h.room_no)," \
	" (SELECT a.role FROM account a WHERE a.no = $2)" \
	" FROM account u JOIN hook h ON h.account_no = u.no JOIN room r ON r.no = h.room_no WHERE u.id = $1"
static const struct db_statement hook_of_asker = {.sql = HOOK_OF_ASKER, .postgres = HOOK_OF_ASKER " FOR UPDATE OF h", .parameters = "bn"};
static const struct db_statement hook_set_token = {.sql = "UPDATE hook SET token_hash = $2 WHERE account_no = $1", .parameters = "nb"};
static const struct db_statement ask_by_command = {.sql = "SELECT 1 FROM hook_ask WHERE room_no = $1 AND command = $2", .parameters = "nt"};
static const struct db_statement ask_insert = {
	.sql = "INSERT INTO hook_ask (account_no, room_no, url, secret, command, words, headers, ca, hint, description, hears_hooks)"
	       " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
	.parameters = "nnttttttttn"};
static const struct db_statement ask_drop = {.sql = "DELETE FROM hook_ask WHERE account_no = $1", .parameters = "n"};
static const struct db_statement replies_drop = {.sql = "DELETE FROM hook_reply WHERE account_no = $1", .parameters = "n"};
static const struct db_statement hook_drop = {.sql = "DELETE FROM hook WHERE account_no = $1", .parameters = "n"};

enum { N_HOOKS, ACCOUNT_NUMBER, COMMAND };

void hook_create_look(struct batch *b, struct store_hook_create *op)
{
	op->op.asked[N_HOOKS] = db_ask(b->db, &hook_count, db_number(op->room_no));
	op->op.asked[ACCOUNT_NUMBER] = batch_ask_account_number(b);
	op->op.asked[COMMAND] = db_ask(b->db, &ask_by_command, db_number(op->room_no), db_text(op->ask.command));
}

static int has_most(struct batch *b, struct store_hook_create *op, bool *has)
{
	int rc = db_row(op->op.asked[N_HOOKS]);
	if (rc != DB_ROW)
		return rc == DB_DONE ? DB_DAMAGED : rc;
	*has = op->most_hooks != 0 && db_column_number(op->op.asked[N_HOOKS], 0) >= op->most_hooks;
	return batch_number_is_stale(b, KEY_HOOKS, op->room_no) ? BATCH_LATER : DB_OK;
}

static int insert_ask(struct batch *b, const struct store_hook_create *op)
{
	const struct store_ask_given *ask = &op->ask;
	if (!ask->url.s)
		return DB_OK;
	return db_send(b->db, &ask_insert, db_number(op->account_no), db_number(op->room_no), db_text(ask->url), db_text(ask->secret),
		       db_text(ask->command), db_text(ask->words), db_text(ask->headers), db_text(ask->ca), db_text(ask->hint),
		       db_text(ask->description), db_number(ask->hears_hooks));
}

int hook_create_write(struct batch *b, struct store_hook_create *op)
{
	struct room_counters *room;
	bool has = false, is_taken = false;
	int rc = batch_room(b, &op->op, op->room_no, &room);
	if (rc == DB_OK && op->op.result == 0)
		rc = has_most(b, op, &has);
	if (rc == DB_OK && op->op.result == 0)
		rc = batch_finds(op->op.asked[COMMAND], &is_taken);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	if (has || is_taken) {
		op->op.result = has ? -EDQUOT : -EEXIST;
		return DB_OK;
	}
	op->created_ms = clock_wall_ms();
	struct batch_account account = {.id = &op->id,
					.kind = USER_HOOK,
					.name = op->name,
					.name_key = op->name_key,
					.created_by_no = op->created_by_no,
					.created_ms = op->created_ms};
	rc = batch_add_account(b, op->op.asked[ACCOUNT_NUMBER], &account, &op->account_no);
	if (rc != DB_OK)
		return rc;
	batch_wrote_number(b, KEY_HOOKS, op->room_no);
	batch_wrote(b, KEY_HOOK, op->id.b, sizeof op->id.b);
	rc = db_send(b->db, &hook_insert, db_number(op->account_no), db_number(op->room_no), db_bytes(op->token_hash, SECRET_HASH_BYTES),
		     db_text(op->secret), db_text(op->adapter), db_text(op->template_text));
	return rc == DB_OK ? insert_ask(b, op) : rc;
}

static struct db_answer *ask_of_asker(struct batch *b, const struct uid *id, uint64_t user_no)
{
	return db_ask(b->db, &hook_of_asker, db_uid(id), db_number(user_no));
}

struct asked_hook {
	uint64_t account_no, room_no;
};

/* The hook that somebody asks to change, who may; else op->result is set. */
static int find_for_asker(struct batch *b, struct store_op *op, const struct uid *id, uint64_t user_no, struct asked_hook *out)
{
	enum { ACCOUNT, ROOM, ROOM_KIND_COLUMN, ROLE, SERVER_ROLE };
	struct db_answer *asked = op->asked[0];
	bool found;
	if (batch_is_stale(b, KEY_HOOK, id->b, sizeof id->b))
		return BATCH_LATER;
	int rc = batch_own(b, batch_finds(asked, &found), "hooks");
	if (rc != DB_OK)
		return rc;
	const uint64_t member[] = {user_no, found ? db_column_number(asked, ROOM) : 0};
	if (batch_is_stale(b, KEY_MEMBER, member, sizeof member))
		return BATCH_LATER;
	bool owns_server = found && db_column_signed(asked, SERVER_ROLE) == USER_ROLE_OWNER;
	bool is_member = found && !db_column_is_null(asked, ROLE);
	bool owns_room = is_member && db_column_signed(asked, ROLE) == MEMBER_ROLE_OWNER;
	bool sees = owns_server || is_member || (found && db_column_signed(asked, ROOM_KIND_COLUMN) == ROOM_PUBLIC);
	if (!sees)
		op->result = -ENOENT;
	else if (!owns_server && !owns_room)
		op->result = -EACCES;
	else
		*out = (struct asked_hook){db_column_number(asked, ACCOUNT), db_column_number(asked, ROOM)};
	return DB_OK;
}

void hook_rotate_look(struct batch *b, struct store_hook_rotate *op)
{
	op->op.asked[0] = ask_of_asker(b, &op->id, op->user_no);
}

int hook_rotate_write(struct batch *b, struct store_hook_rotate *op)
{
	struct asked_hook hook;
	int rc = find_for_asker(b, &op->op, &op->id, op->user_no, &hook);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	batch_wrote(b, KEY_HOOK, op->id.b, sizeof op->id.b);
	return db_send(b->db, &hook_set_token, db_number(hook.account_no), db_bytes(op->token_hash, SECRET_HASH_BYTES));
}

void hook_delete_look(struct batch *b, struct store_hook_delete *op)
{
	op->op.asked[0] = ask_of_asker(b, &op->id, op->user_no);
}

int hook_delete_write(struct batch *b, struct store_hook_delete *op)
{
	struct asked_hook hook;
	int rc = find_for_asker(b, &op->op, &op->id, op->user_no, &hook);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	batch_wrote(b, KEY_HOOK, op->id.b, sizeof op->id.b);
	batch_wrote_number(b, KEY_HOOKS, hook.room_no);
	const struct db_statement *const drops[] = {&replies_drop, &ask_drop, &hook_drop};
	for (size_t i = 0; i < sizeof drops / sizeof drops[0] && rc == DB_OK; i++)
		rc = db_send(b->db, drops[i], db_number(hook.account_no));
	return rc;
}
