/* STORE_SUBSCRIPTION_MOVE, STORE_SUBSCRIPTION_ACK and STORE_SUBSCRIPTION_REPLAY. */
#include "store/work/batch.h"
#include "store/work/event_row.h"
#include "store/work/subscription_row.h"

static const struct db_statement set_fence = {.sql = "UPDATE subscription SET fence = $2 WHERE no = $1", .parameters = "nn"};
static const struct db_statement set_cursor = {.sql = "INSERT INTO subscription_room (subscription_no, room_no, seq) VALUES ($1, $2, $3)"
						      " ON CONFLICT (subscription_no, room_no) DO UPDATE SET seq = excluded.seq",
					       .postgres_rows = "INSERT INTO subscription_room (subscription_no, room_no, seq)"
								" SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])"
								" ON CONFLICT (subscription_no, room_no) DO UPDATE SET seq = excluded.seq",
					       .parameters = "nnn"};
#define PUT_EVENT "INSERT INTO subscription_event (subscription_no, room_no, seq, state, tries, next_ms, delivery, worker)"
#define PUT_AGAIN \
	" ON CONFLICT (subscription_no, room_no, seq) DO UPDATE SET state = excluded.state, tries = excluded.tries," \
	" next_ms = excluded.next_ms, delivery = excluded.delivery, worker = CASE WHEN excluded.state = 1 THEN subscription_event.worker ELSE excluded.worker END"
static const struct db_statement put_event = {
	.sql = PUT_EVENT " VALUES ($1, $2, $3, $4, $5, " NOW_MS_SQLITE " + $6, $7, $8)" PUT_AGAIN,
	.postgres_rows = PUT_EVENT
	" SELECT v.subscription_no, v.room_no, v.seq, v.state, v.tries, " NOW_MS_POSTGRES " + v.wait_ms, v.delivery, v.worker"
	" FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[])"
	" AS v (subscription_no, room_no, seq, state, tries, wait_ms, delivery, worker)" PUT_AGAIN,
	.parameters = "nnnnnnnt"};
static const struct db_statement drop_event = {
	.sql = "DELETE FROM subscription_event WHERE subscription_no = $1 AND room_no = $2 AND seq = $3",
	.postgres_rows = "DELETE FROM subscription_event e USING unnest($1::bigint[], $2::bigint[], $3::bigint[])"
			 " AS v (subscription_no, room_no, seq)"
			 " WHERE e.subscription_no = v.subscription_no AND e.room_no = v.room_no AND e.seq = v.seq",
	.parameters = "nnn"};

static const struct db_statement webhook_state = {.sql = "UPDATE webhook SET reason = $2, failing_since_ms = $3 WHERE subscription_no = $1",
						  .parameters = "ntn"};
static const struct db_statement webhook_disable = {.sql = "UPDATE subscription SET status = 1 WHERE no = $1", .parameters = "n"};
static const struct db_statement webhook_recovers = {
	.sql = "UPDATE subscription_event SET next_ms = 0 WHERE subscription_no = $1 AND state = 0", .parameters = "n"};
static const struct db_statement webhook_log = {.sql = "INSERT INTO webhook_log (subscription_no, attempts) VALUES ($1, $2)"
						       " ON CONFLICT (subscription_no) DO UPDATE SET attempts = excluded.attempts",
						.parameters = "nt"};

/* From its deliveries, from the places in rooms (event_pk()) up to which all that waits is acknowledged, and what a worker has up to a delivery: each of them is found by an index. */
#define ACKNOWLEDGED(deliveries, places) \
	"SELECT x.room_no, x.seq FROM " deliveries \
	" AS d CROSS JOIN subscription_event x WHERE x.subscription_no = $1 AND x.delivery = d.value" \
	" UNION SELECT x.room_no, x.seq FROM " places " AS p CROSS JOIN subscription_event x WHERE x.subscription_no = $1" \
	" AND x.room_no = p.value >> 36 AND x.seq <= (p.value & 68719476735) AND x.state = 0" /* 2^36 - 1 */ \
	" UNION SELECT x.room_no, x.seq FROM subscription_event x WHERE x.subscription_no = $1 AND x.delivery <= $5 AND x.worker = $4 AND x.state = 0"
#define ACKNOWLEDGED_SQLITE ACKNOWLEDGED("(SELECT value FROM json_each($2))", "(SELECT value FROM json_each($3))")
#define ACKNOWLEDGED_POSTGRES ACKNOWLEDGED("(SELECT unnest($2) AS value)", "(SELECT unnest($3) AS value)")
#define COUNT_ACKNOWLEDGED(which) "SELECT count(*) FROM (" which ") AS k"
#define DROP_ACKNOWLEDGED(which) "DELETE FROM subscription_event WHERE subscription_no = $1 AND (room_no, seq) IN (" which ")"
static const struct db_statement count_acknowledged = {
	.sql = COUNT_ACKNOWLEDGED(ACKNOWLEDGED_SQLITE), .postgres = COUNT_ACKNOWLEDGED(ACKNOWLEDGED_POSTGRES), .parameters = "nNNtn"};
static const struct db_statement drop_acknowledged = {
	.sql = DROP_ACKNOWLEDGED(ACKNOWLEDGED_SQLITE), .postgres = DROP_ACKNOWLEDGED(ACKNOWLEDGED_POSTGRES), .parameters = "nNNtn"};

#define ASIDE_SQLITE " subscription_no = $1 AND state = 1 AND ($2 = 1 OR delivery IN (SELECT value FROM json_each($3)))"
#define ASIDE_POSTGRES " subscription_no = $1 AND state = 1 AND ($2 = 1 OR delivery = ANY ($3))"
#define COUNT_ASIDE "SELECT count(*) FROM subscription_event WHERE"
static const struct db_statement count_aside = {
	.sql = COUNT_ASIDE ASIDE_SQLITE, .postgres = COUNT_ASIDE ASIDE_POSTGRES, .parameters = "nnN"};
#define REPLAY "UPDATE subscription_event SET state = 0, tries = 0, next_ms = 0 WHERE"
static const struct db_statement replay = {.sql = REPLAY ASIDE_SQLITE, .postgres = REPLAY ASIDE_POSTGRES, .parameters = "nnN"};

#define SEQ_MOST ((INT64_C(1) << SEQ_BITS) - 1)

/* What each asks. */
enum { FOUND, COUNTED };

void subscription_move_look(struct batch *b, struct store_subscription_move *op)
{
	op->op.asked[FOUND] = batch_ask_subscription(b, op->subscription_no);
}

static int change(struct batch *b, const struct store_subscription_move *op, const struct subscription_change *c)
{
	struct text worker = op->worker.s ? op->worker : (struct text){.s = "", .n = 0};
	if (c->state == SUBSCRIPTION_EVENT_DONE)
		return db_send(b->db, &drop_event, db_number(op->subscription_no), db_number(c->room_no), db_number(c->seq));
	return db_send(b->db, &put_event, db_number(op->subscription_no), db_number(c->room_no), db_number(c->seq), db_signed(c->state),
		       db_number(c->tries), db_number(c->wait_ms), db_number(c->delivery), db_text(worker));
}

static int note_webhook(struct batch *b, const struct store_subscription_move *op)
{
	const struct webhook_state *w = op->webhook;
	int rc = DB_OK;
	if (op->log.s)
		rc = db_send(b->db, &webhook_log, db_number(op->subscription_no), db_text(op->log));
	if (rc == DB_OK && w)
		rc = db_send(b->db, &webhook_state, db_number(op->subscription_no), db_text(w->reason), db_signed(w->failing_since_ms));
	if (rc == DB_OK && w && w->recovers)
		rc = db_send(b->db, &webhook_recovers, db_number(op->subscription_no));
	return rc == DB_OK && w && w->disables ? db_send(b->db, &webhook_disable, db_number(op->subscription_no)) : rc;
}

int subscription_move_write(struct batch *b, struct store_subscription_move *op)
{
	int rc = batch_find_subscription(b, &op->op, op->subscription_no, op->op.asked[FOUND]);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	op->is_lost = db_column_number(op->op.asked[FOUND], 0) != op->fence;
	if (op->is_lost)
		return DB_OK;
	for (size_t i = 0; i < op->n_cursors && rc == DB_OK; i++)
		rc = db_send(b->db, &set_cursor, db_number(op->subscription_no), db_number(op->cursors[i].room_no),
			     db_number(op->cursors[i].seq));
	for (size_t i = 0; i < op->n_changes && rc == DB_OK; i++)
		rc = change(b, op, &op->changes[i]);
	if (rc == DB_OK)
		rc = note_webhook(b, op);
	return rc == DB_OK && op->takes ? db_send(b->db, &set_fence, db_number(op->subscription_no), db_number(op->fence + 1)) : rc;
}

/* Whether it is there, and how many rows it is about. */
static int find_and_count(struct batch *b, struct store_op *op, uint64_t subscription_no, uint64_t *n)
{
	*n = 0;
	int rc = batch_find_subscription(b, op, subscription_no, op->asked[FOUND]);
	if (rc != DB_OK || op->result != 0)
		return rc;
	rc = db_row(op->asked[COUNTED]);
	*n = rc == DB_ROW ? db_column_number(op->asked[COUNTED], 0) : 0;
	return rc < 0 ? rc : DB_OK;
}

static struct db_value places(struct batch *b, const struct store_subscription_ack *op)
{
	auto_buf pks = BUF_INIT;
	for (size_t i = 0; i < op->n_rooms; i++) {
		int64_t seq = op->seqs[i] < SEQ_MOST ? op->seqs[i] : SEQ_MOST, pk = event_pk((uint64_t)op->rooms[i], (uint64_t)seq);
		buf_append(&pks, &pk, sizeof pk);
	}
	return db_numbers((const int64_t *)(const void *)batch_keep(b, pks.data, pks.len).s, op->n_rooms);
}

void subscription_ack_look(struct batch *b, struct store_subscription_ack *op)
{
	op->op.asked[FOUND] = batch_ask_subscription(b, op->subscription_no);
	op->op.asked[COUNTED] =
		db_ask(b->db, &count_acknowledged, db_number(op->subscription_no), db_numbers(op->deliveries, op->n_deliveries),
		       places(b, op), db_text(op->worker), db_number(op->up_to));
}

int subscription_ack_write(struct batch *b, struct store_subscription_ack *op)
{
	int rc = find_and_count(b, &op->op, op->subscription_no, &op->n_acknowledged);
	if (rc != DB_OK || op->n_acknowledged == 0)
		return rc;
	return db_send(b->db, &drop_acknowledged, db_number(op->subscription_no), db_numbers(op->deliveries, op->n_deliveries),
		       places(b, op), db_text(op->worker), db_number(op->up_to));
}

void subscription_replay_look(struct batch *b, struct store_subscription_replay *op)
{
	op->op.asked[FOUND] = batch_ask_subscription(b, op->subscription_no);
	op->op.asked[COUNTED] = db_ask(b->db, &count_aside, db_number(op->subscription_no), db_signed(op->all),
				       db_numbers(op->deliveries, op->n_deliveries));
}

int subscription_replay_write(struct batch *b, struct store_subscription_replay *op)
{
	int rc = find_and_count(b, &op->op, op->subscription_no, &op->n_replayed);
	if (rc != DB_OK || op->n_replayed == 0)
		return rc;
	return db_send(b->db, &replay, db_number(op->subscription_no), db_signed(op->all), db_numbers(op->deliveries, op->n_deliveries));
}
