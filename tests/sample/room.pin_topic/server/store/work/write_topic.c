/* STORE_ROOM_PIN_TOPIC. */
#include "base/clock.h"
#include "store/work/batch.h"

#include <string.h>

static const struct db_statement pin_get = {.sql = "SELECT text, seq FROM room_pin WHERE room_no = $1", .parameters = "n"};
static const struct db_statement pin_set = {.sql = "INSERT INTO room_pin (room_no, seq, text) VALUES ($1, $2, $3)"
						   " ON CONFLICT (room_no) DO UPDATE SET seq = excluded.seq, text = excluded.text",
					    .parameters = "nnt"};

/* What it asks. */
enum { PINNED };

void room_pin_topic_look(struct batch *b, struct store_room_pin_topic *op)
{
	op->op.asked[PINNED] = db_ask(b->db, &pin_get, db_number(op->room_no));
}

static bool is_same(struct text a, struct text b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

int room_pin_topic_write(struct batch *b, struct store_room_pin_topic *op)
{
	struct room_counters *room;
	bool is_pinned;
	op->event = NULL;
	if (batch_number_is_stale(b, KEY_ROOM, op->room_no))
		return BATCH_LATER;
	int rc = batch_room(b, &op->op, op->room_no, &room);
	if (rc != DB_OK || !room)
		return rc;
	rc = batch_finds(op->op.asked[PINNED], &is_pinned);
	if (rc != DB_OK)
		return rc;
	if (is_pinned && is_same(db_column_bytes(op->op.asked[PINNED], 0), op->text)) {
		op->seq = db_column_number(op->op.asked[PINNED], 1);
		return DB_OK;
	}
	batch_wrote_number(b, KEY_ROOM, op->room_no);
	struct batch_event what = {EVENT_TOPIC_PINNED, op->user_no, 0, &op->data, clock_wall_ms()};
	rc = batch_add_event(b, room, &what, &op->event);
	if (rc != DB_OK)
		return rc;
	op->seq = op->event->seq;
	return db_send(b->db, &pin_set, db_number(op->room_no), db_number(op->seq), db_text(op->text));
}
