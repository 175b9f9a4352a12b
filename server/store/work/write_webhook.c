/* STORE_WEBHOOK_RENEW and STORE_WEBHOOK_REPLAY. */
#include "store/work/batch.h"
#include "store/work/subscription_row.h"

#define RENEW(now) "UPDATE subscription SET lease_until_ms = " now " + $2 WHERE kind = 1 AND lease_holder = $1 AND lease_until_ms > " now
static const struct db_statement renew = {.sql = RENEW(NOW_MS_SQLITE), .postgres = RENEW(NOW_MS_POSTGRES), .parameters = "bn"};

/* Of the room $2, from seq $3 to $4, as far as the cursor has come. */
#define RANGE \
	" FROM subscription s JOIN member m ON m.user_no = s.owner_no AND m.room_no = $2" \
	" JOIN event e ON e.pk >= ($2 << 36 | $3) AND e.pk <= ($2 << 36 | $4)" \
	" LEFT JOIN subscription_room c ON c.subscription_no = s.no AND c.room_no = m.room_no" \
	" WHERE s.no = $1 AND (e.pk & 68719476735) <= coalesce(c.seq, m.joined_seq)"
#define AGAIN "state = 0, tries = 0, next_ms = 0"
static const struct db_statement range_count = {.sql = "SELECT count(*)" RANGE, .parameters = "nnnn"};
static const struct db_statement range_replay = {
	.sql = "INSERT INTO subscription_event (subscription_no, room_no, seq, state, tries, next_ms, delivery, worker)"
	       " SELECT s.no, m.room_no, e.pk & 68719476735, 0, 0, 0, 0, ''" RANGE
	       " ON CONFLICT (subscription_no, room_no, seq) DO UPDATE SET " AGAIN,
	.parameters = "nnnn"};
#define BY_ID \
	"subscription_no = $1 AND EXISTS (SELECT 1 FROM event e WHERE e.pk = (subscription_event.room_no << 36 | subscription_event.seq) AND e.id = $2)"
static const struct db_statement event_count = {.sql = "SELECT count(*) FROM subscription_event WHERE " BY_ID, .parameters = "nb"};
static const struct db_statement event_replay = {.sql = "UPDATE subscription_event SET " AGAIN " WHERE " BY_ID, .parameters = "nb"};
static const struct db_statement raise = {.sql = "UPDATE subscription SET fence = fence + 1 WHERE no = $1", .parameters = "n"};

enum { FOUND, COUNTED };

void webhook_renew_look(struct batch *b, struct store_webhook_renew *op)
{
	(void)b;
	(void)op;
}

int webhook_renew_write(struct batch *b, struct store_webhook_renew *op)
{
	return db_send(b->db, &renew, db_uid(&op->holder), db_signed(SUBSCRIPTION_LEASE_MS));
}

static uint64_t last_of(const struct store_webhook_replay *op)
{
	uint64_t most = op->from_seq + STORE_WEBHOOK_REPLAYED_MAX - 1, highest = (UINT64_C(1) << SEQ_BITS) - 1;
	most = most < highest ? most : highest;
	return op->to_seq < most ? op->to_seq : most;
}

void webhook_replay_look(struct batch *b, struct store_webhook_replay *op)
{
	op->op.asked[FOUND] = batch_ask_subscription(b, op->subscription_no);
	op->op.asked[COUNTED] = op->at_room_no != 0 ? db_ask(b->db, &range_count, db_number(op->subscription_no), db_number(op->at_room_no),
							     db_number(op->from_seq), db_number(last_of(op)))
						    : db_ask(b->db, &event_count, db_number(op->subscription_no), db_uid(&op->event));
}

int webhook_replay_write(struct batch *b, struct store_webhook_replay *op)
{
	op->n_replayed = 0;
	int rc = batch_find_subscription(b, &op->op, op->subscription_no, op->op.asked[FOUND]);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	rc = db_row(op->op.asked[COUNTED]);
	op->n_replayed = rc == DB_ROW ? db_column_number(op->op.asked[COUNTED], 0) : 0;
	if (rc < 0 || op->n_replayed == 0)
		return rc < 0 ? rc : DB_OK;
	rc = op->at_room_no != 0 ? db_send(b->db, &range_replay, db_number(op->subscription_no), db_number(op->at_room_no),
					   db_number(op->from_seq), db_number(last_of(op)))
				 : db_send(b->db, &event_replay, db_number(op->subscription_no), db_uid(&op->event));
	return rc == DB_OK ? db_send(b->db, &raise, db_number(op->subscription_no)) : rc;
}
