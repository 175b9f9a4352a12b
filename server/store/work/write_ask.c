/* STORE_ASK_OPEN and STORE_ASK_REPLY. */
#include "base/clock.h"
#include "store/work/batch.h"
#include "store/work/rows.h"

#include <errno.h>

static const struct db_statement ask_of_hook = {
	.sql = "SELECT u.id, k.url, k.secret, k.headers, k.ca, r.name FROM hook_ask k JOIN hook h ON h.account_no = k.account_no"
	       " JOIN account u ON u.no = k.account_no JOIN room r ON r.no = h.room_no WHERE k.account_no = $1 AND h.room_no = $2",
	.parameters = "nn"};
static const struct db_statement reply_insert = {
	.sql = "INSERT INTO hook_reply (token_hash, account_no, asker_no, hops, n_left, until_ms) VALUES ($1, $2, $3, $4, $5, $6)",
	.parameters = "bnnnnn"};
static const struct db_statement reply_clear = {.sql = "DELETE FROM hook_reply WHERE until_ms < $1", .parameters = "n"};
#define REPLY \
	"SELECT " USER_COLUMNS ", " ROOM_COLUMNS ", q.asker_no, q.hops, q.n_left, q.until_ms, k.command, coalesce(a.kind, 0)" \
	" FROM hook_reply q JOIN hook h ON h.account_no = q.account_no JOIN account u ON u.no = q.account_no" \
	" JOIN room r ON r.no = h.room_no LEFT JOIN hook_ask k ON k.account_no = q.account_no" \
	" LEFT JOIN account a ON a.no = q.asker_no WHERE q.token_hash = $1"
static const struct db_statement reply_by_token = {.sql = REPLY, .postgres = REPLY " FOR UPDATE OF q", .parameters = "b"};
static const struct db_statement reply_take = {.sql = "UPDATE hook_reply SET n_left = n_left - 1 WHERE token_hash = $1", .parameters = "b"};

void ask_open_look(struct batch *b, struct store_ask_open *op)
{
	op->op.asked[0] = db_ask(b->db, &ask_of_hook, db_number(op->account_no), db_number(op->room_no));
}

int ask_open_write(struct batch *b, struct store_ask_open *op)
{
	enum { ID, URL, SECRET, HEADERS, CA, ROOM_NAME };
	struct db_answer *asked = op->op.asked[0];
	struct uid id;
	bool found;
	int rc = batch_own(b, batch_finds(asked, &found), "hooks");
	if (rc != DB_OK)
		return rc;
	if (!found) {
		op->op.result = -ENOENT;
		return DB_OK;
	}
	if (!db_column_uid(asked, ID, &id))
		return DB_DAMAGED;
	if (batch_is_stale(b, KEY_HOOK, id.b, sizeof id.b))
		return BATCH_LATER;
	op->url = db_column_copy(asked, URL);
	op->secret = db_column_copy(asked, SECRET);
	op->headers = db_column_copy(asked, HEADERS);
	op->ca = db_column_copy(asked, CA);
	op->room_name = db_column_copy(asked, ROOM_NAME);
	if (!op->url || !op->secret || !op->room_name) {
		store_ask_open_finish(op);
		return DB_DAMAGED;
	}
	int64_t now_ms = clock_wall_ms();
	rc = db_send(b->db, &reply_clear, db_signed(now_ms));
	if (rc != DB_OK)
		return rc;
	return db_send(b->db, &reply_insert, db_bytes(op->token_hash, SECRET_HASH_BYTES), db_number(op->account_no),
		       db_number(op->asker_no), db_number(op->hops), db_number(STORE_ASK_REPLIES), db_signed(now_ms + STORE_ASK_REPLY_MS));
}

void ask_reply_look(struct batch *b, struct store_ask_reply *op)
{
	op->op.asked[0] = db_ask(b->db, &reply_by_token, db_bytes(op->token_hash, SECRET_HASH_BYTES));
}

int ask_reply_write(struct batch *b, struct store_ask_reply *op)
{
	enum { ASKER = USER_COLUMN_COUNT + ROOM_COLUMN_COUNT, HOPS, LEFT, UNTIL, COMMAND, ASKER_KIND };
	struct db_answer *asked = op->op.asked[0];
	bool found;
	if (batch_is_stale(b, KEY_TOKEN, op->token_hash, SECRET_HASH_BYTES))
		return BATCH_LATER;
	int rc = batch_own(b, batch_finds(asked, &found), "hooks");
	if (rc != DB_OK)
		return rc;
	bool is_good = found && db_column_signed(asked, UNTIL) > clock_wall_ms();
	bool has_left = is_good && db_column_signed(asked, LEFT) > 0;
	if (!has_left) {
		op->op.result = is_good ? -EDQUOT : -ENOENT;
		return DB_OK;
	}
	if (!rows_user(asked, &op->hook) || !rows_room_at(asked, USER_COLUMN_COUNT, &op->room)) {
		store_ask_reply_finish(op);
		return DB_DAMAGED;
	}
	op->asker_no = db_column_number(asked, ASKER);
	op->hops = db_column_number(asked, HOPS);
	op->command = db_column_copy(asked, COMMAND);
	op->asker_kind = (enum user_kind)db_column_signed(asked, ASKER_KIND);
	batch_wrote(b, KEY_TOKEN, op->token_hash, SECRET_HASH_BYTES);
	return db_send(b->db, &reply_take, db_bytes(op->token_hash, SECRET_HASH_BYTES));
}
