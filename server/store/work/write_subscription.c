/* STORE_SUBSCRIPTION_CREATE, STORE_SUBSCRIPTION_UPDATE, STORE_SUBSCRIPTION_DELETE, STORE_SUBSCRIPTION_SEEK and STORE_SUBSCRIPTION_LEASE. */
#include "base/clock.h"
#include "store/work/batch.h"
#include "store/work/subscription_row.h"

#include <errno.h>

static const struct db_statement name_taken = {.sql = "SELECT 1 FROM subscription WHERE owner_no = $1 AND kind = $2 AND name = $3",
					       .parameters = "nnt"};
/* Of the owner of $1, another one of its kind. */
static const struct db_statement name_taken_by_other = {
	.sql = "SELECT 1 FROM subscription s JOIN subscription o ON o.owner_no = s.owner_no AND o.kind = s.kind AND o.no <> s.no"
	       " WHERE s.no = $1 AND o.name = $2",
	.parameters = "nt"};
static const struct db_statement of_owner = {.sql = "SELECT count(*) FROM subscription WHERE owner_no = $1 AND kind = $2",
					     .parameters = "nn"};
static const struct db_statement next_number = {
	.sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'subscription'), 0) + 1",
	.postgres = "SELECT nextval('subscription_no')",
	.parameters = ""};
static const struct db_statement insert = {
	.sql = "INSERT INTO subscription (no, id, owner_no, kind, name, filter, ordering, status, ack_wait_ms, max_tries, fence,"
	       " lease_until_ms, created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, 1, 0, $10)",
	.parameters = "nbnnttnnnn"};
static const struct db_statement update = {
	.sql = "UPDATE subscription SET name = coalesce($2, name), filter = coalesce($3, filter), ack_wait_ms = coalesce($4, ack_wait_ms),"
	       " max_tries = coalesce($5, max_tries), ordering = coalesce($6, ordering), status = coalesce($7, status), fence = fence + 1"
	       " WHERE no = $1",
	.parameters = "nttnnnn"};
static const struct db_statement drop = {.sql = "DELETE FROM subscription WHERE no = $1", .parameters = "n"};
static const struct db_statement drop_rooms = {.sql = "DELETE FROM subscription_room WHERE subscription_no = $1", .parameters = "n"};
static const struct db_statement drop_events = {.sql = "DELETE FROM subscription_event WHERE subscription_no = $1", .parameters = "n"};
/* Who has read the room and not moved yet has lost. */
static const struct db_statement raise_of_owner = {.sql = "UPDATE subscription SET fence = fence + 1 WHERE owner_no = $1",
						   .parameters = "n"};
static const struct db_statement webhook_insert = {
	.sql = "INSERT INTO webhook (subscription_no, url, secret, old_secret, old_until_ms, ca, headers, reason, failing_since_ms)"
	       " VALUES ($1, $2, $3, '', 0, $4, $5, '', 0)",
	.parameters = "ntttt"};
static const struct db_statement webhook_update = {
	.sql = "UPDATE webhook SET url = coalesce($2, url), ca = coalesce($3, ca), headers = coalesce($4, headers) WHERE subscription_no = $1",
	.parameters = "nttt"};
static const struct db_statement webhook_rotate = {
	.sql = "UPDATE webhook SET old_secret = secret, old_until_ms = $3, secret = $2 WHERE subscription_no = $1", .parameters = "ntn"};
static const struct db_statement webhook_again = {.sql = "UPDATE webhook SET reason = '', failing_since_ms = 0 WHERE subscription_no = $1",
						  .parameters = "n"};
static const struct db_statement drop_webhook = {.sql = "DELETE FROM webhook WHERE subscription_no = $1", .parameters = "n"};
static const struct db_statement drop_webhook_log = {.sql = "DELETE FROM webhook_log WHERE subscription_no = $1", .parameters = "n"};
static const struct db_statement lose_room = {
	.sql = "DELETE FROM subscription_room WHERE room_no = $2 AND subscription_no IN (SELECT no FROM subscription WHERE owner_no = $1)",
	.parameters = "nn"};
static const struct db_statement lose_events = {
	.sql = "DELETE FROM subscription_event WHERE room_no = $2 AND subscription_no IN (SELECT no FROM subscription WHERE owner_no = $1)",
	.parameters = "nn"};

/*
 * The place behind all that was committed before the time $3, in the room $4, or where that is 0 in all that the owner of $1 may read: times grow with seqs, so half of what is
 * left is ruled out in each step. An event that cannot be found counts as a later one. FROM_END takes no step.
 */
#define HALF "((l.low + l.high + 1) / 2)"
static const struct db_statement put_places = {
	.sql = "INSERT INTO subscription_room (subscription_no, room_no, seq)"
	       " WITH RECURSIVE look(room_no, low, high) AS ("
	       " SELECT r.no, CASE WHEN $3 = $2 THEN r.last_seq ELSE 0 END, r.last_seq FROM subscription s"
	       " JOIN member m ON m.user_no = s.owner_no JOIN room r ON r.no = m.room_no WHERE s.no = $1 AND ($4 = 0 OR r.no = $4)"
	       " UNION ALL"
	       " SELECT r.no, CASE WHEN $3 = $2 THEN r.last_seq ELSE 0 END, r.last_seq FROM subscription s"
	       " JOIN room r ON r.no = " SERVER_EVENTS_ROOM_NO_SQL " WHERE s.no = $1 AND ($4 = 0 OR r.no = $4) AND " MAY_READ_SERVER_EVENTS
	       " UNION ALL"
	       " SELECT l.room_no, CASE WHEN e.at_ms < $3 THEN " HALF " ELSE l.low END, CASE WHEN e.at_ms < $3 THEN l.high ELSE " HALF
	       " - 1 END FROM look l LEFT JOIN event e ON e.pk = (l.room_no << 36 | " HALF ") WHERE l.low < l.high)"
	       " SELECT $1, l.room_no, l.low FROM look l WHERE l.low = l.high"
	       " ON CONFLICT (subscription_no, room_no) DO UPDATE SET seq = excluded.seq",
	.parameters = "nnnn"};
static const struct db_statement put_place = {
	.sql = "INSERT INTO subscription_room (subscription_no, room_no, seq)"
	       " SELECT s.no, r.no, CASE WHEN $3 < r.last_seq THEN $3 ELSE r.last_seq END FROM subscription s"
	       " JOIN room r ON r.no = $2 WHERE s.no = $1 AND (EXISTS (SELECT 1 FROM member m WHERE m.user_no = s.owner_no AND m.room_no = r.no)"
	       " OR (r.no = " SERVER_EVENTS_ROOM_NO_SQL " AND " MAY_READ_SERVER_EVENTS "))"
	       " ON CONFLICT (subscription_no, room_no) DO UPDATE SET seq = excluded.seq",
	.parameters = "nnn"};
/* Of $1, who may read server-wide events from now on. */
static const struct db_statement gain_server_events = {
	.sql = "INSERT INTO subscription_room (subscription_no, room_no, seq)"
	       " SELECT s.no, r.no, r.last_seq FROM subscription s JOIN room r ON r.no = " SERVER_EVENTS_ROOM_NO_SQL
	       " WHERE s.owner_no = $1"
	       " ON CONFLICT (subscription_no, room_no) DO NOTHING",
	.parameters = "n"};
/* What is before the cursor and set aside is not handed out again. */
static const struct db_statement forget_events = {
	.sql = "DELETE FROM subscription_event WHERE subscription_no = $1 AND ($2 = 0 OR room_no = $2) AND (state = 0 OR seq > "
	       "(SELECT c.seq FROM subscription_room c WHERE c.subscription_no = $1 AND c.room_no = subscription_event.room_no))",
	.parameters = "nn"};
static const struct db_statement raise = {.sql = "UPDATE subscription SET fence = fence + 1 WHERE no = $1", .parameters = "n"};
#define LEASE_GET(now) \
	"SELECT fence, lease_holder, CASE WHEN lease_until_ms > " now " THEN CAST(1 AS BIGINT) ELSE 0 END, owner_no FROM subscription" \
	" WHERE no = $1"
static const struct db_statement lease_get = {.sql = LEASE_GET(NOW_MS_SQLITE), .postgres = LEASE_GET(NOW_MS_POSTGRES), .parameters = "n"};
/* $4: how long from now. */
#define LEASE_SET(now) "UPDATE subscription SET lease_holder = $2, fence = $3, lease_until_ms = " now " + $4 WHERE no = $1"
static const struct db_statement lease_set = {
	.sql = LEASE_SET(NOW_MS_SQLITE), .postgres = LEASE_SET(NOW_MS_POSTGRES), .parameters = "nbnn"};

enum { TAKEN, N_OF_OWNER, NUMBER };

static struct db_value known(int v)
{
	return v < 0 ? (struct db_value){.kind = DB_NULL} : db_signed(v);
}

static bool is_stale(struct batch *b, uint64_t subscription_no)
{
	return batch_number_is_stale(b, KEY_SUBSCRIPTION, subscription_no);
}

/* What batch_ask_subscription() asks. */
enum { IS_FENCE, IS_HOLDER, IS_LEASED, IS_OWNER };

int batch_find_subscription(struct batch *b, struct store_op *op, uint64_t subscription_no, struct db_answer *asked)
{
	bool found;
	if (is_stale(b, subscription_no))
		return BATCH_LATER;
	int rc = batch_finds(asked, &found);
	if (rc == DB_OK && found && batch_number_is_stale(b, KEY_SUBSCRIBER, db_column_number(asked, IS_OWNER)))
		return BATCH_LATER;
	if (rc == DB_OK && !found)
		op->result = -ENOENT;
	if (rc == DB_OK && found)
		batch_wrote_number(b, KEY_SUBSCRIPTION, subscription_no);
	return rc;
}

struct db_answer *batch_ask_subscription(struct batch *b, uint64_t subscription_no)
{
	return db_ask(b->db, &lease_get, db_number(subscription_no));
}

int batch_lose_subscribed_room(struct batch *b, uint64_t user_no, uint64_t room_no)
{
	int rc = db_send(b->db, &lose_events, db_number(user_no), db_number(room_no));
	if (rc == DB_OK)
		rc = db_send(b->db, &lose_room, db_number(user_no), db_number(room_no));
	batch_wrote_number(b, KEY_SUBSCRIBER, user_no);
	return rc == DB_OK ? db_send(b->db, &raise_of_owner, db_number(user_no)) : rc;
}

/* The newest events of this transaction are not in the room's row yet, and are read as well. */
int batch_gain_server_events(struct batch *b, uint64_t user_no)
{
	return db_send(b->db, &gain_server_events, db_number(user_no));
}

void subscription_create_look(struct batch *b, struct store_subscription_create *op)
{
	struct db_answer **asked = op->op.asked;
	asked[TAKEN] = db_ask(b->db, &name_taken, db_number(op->owner_no), db_signed(op->kind), db_text(op->name));
	asked[N_OF_OWNER] = db_ask(b->db, &of_owner, db_number(op->owner_no), db_signed(op->kind));
	asked[NUMBER] = db_ask_plain(b->db, &next_number);
}

static int number_of(struct db_answer *asked, uint64_t *out)
{
	int rc = db_row(asked);
	*out = rc == DB_ROW ? db_column_number(asked, 0) : 0;
	return rc == DB_ROW ? DB_OK : rc == DB_DONE ? DB_DAMAGED : rc;
}

/* Sets op->result when there is a reason against it. */
static int may_create(struct batch *b, struct store_subscription_create *op)
{
	struct db_answer **asked = op->op.asked;
	bool taken;
	uint64_t n = 0;
	if (batch_number_is_stale(b, KEY_SUBSCRIPTIONS, op->owner_no))
		return BATCH_LATER;
	int rc = batch_finds(asked[TAKEN], &taken);
	if (rc == DB_OK)
		rc = number_of(asked[N_OF_OWNER], &n);
	if (rc != DB_OK)
		return rc;
	if (taken)
		op->op.result = -EEXIST;
	else if (op->most != 0 && n >= op->most)
		op->op.result = -EDQUOT;
	return DB_OK;
}

static int put_all_places(struct batch *b, uint64_t subscription_no, uint64_t room_no, int64_t from_ms)
{
	return db_send(b->db, &put_places, db_number(subscription_no), db_signed(SUBSCRIPTION_FROM_END), db_signed(from_ms),
		       db_number(room_no));
}

int subscription_create_write(struct batch *b, struct store_subscription_create *op)
{
	int rc = may_create(b, op);
	if (rc == DB_OK && op->op.result == 0)
		rc = number_of(op->op.asked[NUMBER], &op->subscription_no);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	op->created_ms = clock_wall_ms();
	batch_wrote_number(b, KEY_SUBSCRIPTIONS, op->owner_no);
	rc = db_send(b->db, &insert, db_number(op->subscription_no), db_uid(&op->id), db_number(op->owner_no), db_signed(op->kind),
		     db_text(op->name), db_text(op->filter), db_signed(op->order), db_number(op->ack_wait_ms), db_number(op->max_tries),
		     db_signed(op->created_ms));
	if (rc == DB_OK && op->webhook)
		rc = db_send(b->db, &webhook_insert, db_number(op->subscription_no), db_text(op->webhook->url),
			     db_text(op->webhook->secret), db_text(op->webhook->ca), db_text(op->webhook->headers));
	return rc == DB_OK ? put_all_places(b, op->subscription_no, 0, op->from_ms) : rc;
}

enum { FOUND, OTHER };

void subscription_update_look(struct batch *b, struct store_subscription_update *op)
{
	op->op.asked[FOUND] = batch_ask_subscription(b, op->subscription_no);
	if (op->name.s)
		op->op.asked[OTHER] = db_ask(b->db, &name_taken_by_other, db_number(op->subscription_no), db_text(op->name));
}

static int change_webhook(struct batch *b, const struct store_subscription_update *op)
{
	const struct webhook_given *w = op->webhook;
	int rc = db_send(b->db, &webhook_update, db_number(op->subscription_no), db_text(w->url), db_text(w->ca), db_text(w->headers));
	if (rc == DB_OK && w->secret.s)
		rc = db_send(b->db, &webhook_rotate, db_number(op->subscription_no), db_text(w->secret), db_signed(w->old_until_ms));
	return rc;
}

int subscription_update_write(struct batch *b, struct store_subscription_update *op)
{
	bool taken = false;
	int rc = batch_find_subscription(b, &op->op, op->subscription_no, op->op.asked[FOUND]);
	if (rc == DB_OK && op->op.asked[OTHER])
		rc = batch_finds(op->op.asked[OTHER], &taken);
	if (rc == DB_OK && taken && op->op.result == 0)
		op->op.result = -EEXIST;
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	if (op->webhook)
		rc = change_webhook(b, op);
	if (rc == DB_OK && op->status == SUBSCRIPTION_ACTIVE)
		rc = db_send(b->db, &webhook_again, db_number(op->subscription_no));
	if (rc != DB_OK)
		return rc;
	return db_send(b->db, &update, db_number(op->subscription_no), db_text(op->name), db_text(op->filter), db_known(op->ack_wait_ms),
		       db_known(op->max_tries), known(op->order), known(op->status));
}

void subscription_delete_look(struct batch *b, struct store_subscription_delete *op)
{
	op->op.asked[FOUND] = batch_ask_subscription(b, op->subscription_no);
}

int subscription_delete_write(struct batch *b, struct store_subscription_delete *op)
{
	int rc = batch_find_subscription(b, &op->op, op->subscription_no, op->op.asked[FOUND]);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	rc = db_send(b->db, &drop_events, db_number(op->subscription_no));
	if (rc == DB_OK)
		rc = db_send(b->db, &drop_rooms, db_number(op->subscription_no));
	if (rc == DB_OK)
		rc = db_send(b->db, &drop_webhook, db_number(op->subscription_no));
	if (rc == DB_OK)
		rc = db_send(b->db, &drop_webhook_log, db_number(op->subscription_no));
	return rc == DB_OK ? db_send(b->db, &drop, db_number(op->subscription_no)) : rc;
}

void subscription_seek_look(struct batch *b, struct store_subscription_seek *op)
{
	op->op.asked[FOUND] = batch_ask_subscription(b, op->subscription_no);
}

int subscription_seek_write(struct batch *b, struct store_subscription_seek *op)
{
	int rc = batch_find_subscription(b, &op->op, op->subscription_no, op->op.asked[FOUND]);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	rc = op->to_seq ? db_send(b->db, &put_place, db_number(op->subscription_no), db_number(op->at_room_no), db_number(op->seq))
			: put_all_places(b, op->subscription_no, op->at_room_no, op->from_ms);
	if (rc == DB_OK)
		rc = db_send(b->db, &forget_events, db_number(op->subscription_no), db_number(op->at_room_no));
	return rc == DB_OK ? db_send(b->db, &raise, db_number(op->subscription_no)) : rc;
}

void subscription_lease_look(struct batch *b, struct store_subscription_lease *op)
{
	op->op.asked[FOUND] = batch_ask_subscription(b, op->subscription_no);
}

int subscription_lease_write(struct batch *b, struct store_subscription_lease *op)
{
	struct db_answer *found = op->op.asked[FOUND];
	struct uid holder = {0};
	op->is_granted = false;
	int rc = batch_find_subscription(b, &op->op, op->subscription_no, found);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	uint64_t fence = db_column_number(found, IS_FENCE);
	bool is_leased = db_column_number(found, IS_LEASED) != 0 && db_column_uid(found, IS_HOLDER, &holder);
	bool is_own = is_leased && uid_equal(&holder, &op->holder);
	bool takes = op->how == SUBSCRIPTION_LEASE_TAKE;
	bool renews = op->how == SUBSCRIPTION_LEASE_RENEW; /* what is given back may have been changed meanwhile */
	op->is_granted = takes ? !is_leased || is_own : is_own && (!renews || fence == op->fence);
	if (!op->is_granted)
		return DB_OK;
	op->fence = takes ? fence + 1 : fence;
	return db_send(b->db, &lease_set, db_number(op->subscription_no), db_uid(&op->holder), db_number(op->fence),
		       db_signed(op->how == SUBSCRIPTION_LEASE_RELEASE ? 0 : SUBSCRIPTION_LEASE_MS));
}
