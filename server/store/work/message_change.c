#include "store/work/message_change.h"

#include "base/memory.h"

#include <string.h>

/* That the event is about the message is looked at again: a row that is wrong is as good as none. */
#define CHANGES \
	"SELECT " EVENT_COLUMNS \
	" FROM message_change c JOIN event e ON e.pk = (c.room_no << 36 | c.change_seq) AND e.target_seq = c.message_seq"
static const struct db_statement change_get = {.sql = CHANGES " WHERE c.room_no = $1 AND c.message_seq = $2", .parameters = "nn"};
static const struct db_statement changes_get = {
	.sql = CHANGES " WHERE c.room_no = $1 AND c.message_seq BETWEEN $2 AND $3 ORDER BY c.message_seq", .parameters = "nnn"};
static const struct db_statement change_set = {.sql = "INSERT INTO message_change (room_no, message_seq, change_seq) VALUES ($1, $2, $3)"
						      " ON CONFLICT (room_no, message_seq) DO UPDATE SET change_seq = excluded.change_seq",
					       .parameters = "nnn"};

struct change_key {
	uint64_t room_no, message_seq;
};

struct db_answer *message_change_ask(struct batch *b, uint64_t room_no, uint64_t message_seq)
{
	return db_ask(b->db, &change_get, db_number(room_no), db_number(message_seq));
}

int message_change_find(struct batch *b, struct store_op *op, const struct room_counters *room, uint64_t message_seq,
			struct db_answer *asked, struct event_row *out, bool *is)
{
	struct change_key key = {room->no, message_seq};
	if (batch_is_stale(b, KEY_CHANGE, &key, sizeof key))
		return BATCH_LATER;
	int rc = batch_own(b, batch_finds(asked, is), "changes of messages");
	if (rc != DB_OK || !*is)
		return rc;
	bool good = event_row_read(asked, &room->id, out);
	out->json = (struct text){0};
	if (good)
		return DB_OK;
	return batch_met_damage(b, op, DB_ROW,
				&(struct damage_place){.room_no = room->no,
						       .room = room->id,
						       .from_seq = out->seq,
						       .to_seq = out->seq,
						       .what = "an event that changed a message"});
}

int message_change_set(struct batch *b, uint64_t room_no, uint64_t message_seq, uint64_t change_seq)
{
	struct change_key key = {room_no, message_seq};
	batch_wrote(b, KEY_CHANGE, &key, sizeof key);
	return batch_own(b, db_send(b->db, &change_set, db_number(room_no), db_number(message_seq), db_number(change_seq)),
			 "changes of messages");
}

static size_t json_bytes(const struct event *e)
{
	size_t n;
	(void)event_json(e, &n);
	return n;
}

/* Keeps n of them from `from` on. */
static void keep_some(struct event **events, size_t *n_events, size_t from, size_t n)
{
	for (size_t i = 0; i < *n_events; i++)
		if (i < from || i >= from + n)
			event_free(events[i]);
	memmove(events, events + from, n * sizeof events[0]);
	*n_events = n;
}

/* How many events fit in the page, in the direction of reading, with the changes of each. *n_changes: how many those are. */
static size_t count_fitting(const struct store_log_page *op, size_t *n_changes)
{
	uint64_t bytes = 0;
	*n_changes = 0;
	for (size_t n = 0; n < op->n_events; n++) {
		const struct event *e = op->events[op->newest ? op->n_events - 1 - n : n];
		const struct event *change =
			*n_changes < op->n_changes ? op->changes[op->newest ? op->n_changes - 1 - *n_changes : *n_changes] : NULL;
		bool is_changed = change && change->target_seq == e->seq;
		bytes += json_bytes(e) + (is_changed ? json_bytes(change) : 0);
		if (op->limit_bytes != 0 && bytes > op->limit_bytes && n > 0)
			return n;
		*n_changes += is_changed;
	}
	return op->n_events;
}

static void shorten(struct store_log_page *op)
{
	size_t n_changes, n = count_fitting(op, &n_changes);
	if (n == op->n_events)
		return;
	keep_some(op->events, &op->n_events, op->newest ? op->n_events - n : 0, n);
	if (op->n_changes > 0)
		keep_some(op->changes, &op->n_changes, op->newest ? op->n_changes - n_changes : 0, n_changes);
	op->more = true;
}

static void note_damage(struct store_reader *r, const struct store_log_page *op, const struct uid *room, uint64_t seq)
{
	(void)store_reader_met_damage(
		r,
		&(struct damage_place){
			.room_no = op->room_no, .room = *room, .from_seq = seq, .to_seq = seq, .what = "an event that changed a message"});
}

int message_change_read(struct store_reader *r, struct store_log_page *op, const struct uid *room)
{
	struct event_row row;
	int result;
	auto_answer *rows = db_ask(r->db, &changes_get, db_number(op->room_no), db_number(op->events[0]->seq),
				   db_number(op->events[op->n_events - 1]->seq));
	while ((result = db_row(rows)) == DB_ROW) {
		bool good = event_row_read(rows, room, &row);
		if (!good)
			note_damage(r, op, room, row.seq);
		if (!good || !message_change_is(row.type))
			continue;
		if (!op->changes)
			op->changes = mem_alloc(op->n_events * sizeof op->changes[0]);
		op->changes[op->n_changes++] = event_of_row(&row, room, op->room_no);
	}
	if (result == DB_DAMAGED) {
		note_damage(r, op, room, 0);
		result = DB_DONE;
	}
	shorten(op);
	return result;
}
