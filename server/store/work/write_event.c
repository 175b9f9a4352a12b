/* STORE_APPEND, and the making of events for the others. */
#include "base/clock.h"
#include "codec/event_encode.h"
#include "store/sqlite/sqlite_fault.h"
#include "store/work/writer.h"

#include <errno.h>

/* 0 stands for nobody and nothing. */
static void bind_known(sqlite3_stmt *st, int at, uint64_t v)
{
	if (v != 0)
		sqlite_statement_bind_u64(st, at, v);
	else
		sqlite3_bind_null(st, at);
}

int writer_add_event(struct writer *w, struct room_counters *room, const struct writer_event *what, struct event **out)
{
	uint64_t seq = room->last_seq + 1;
	uint64_t n_messages = room->n_messages + (what->type == EVENT_MESSAGE_CREATED ? 1 : 0);
	struct uid id = id_pool_take(&w->ids);
	buf_clear(&w->json);
	event_encode(&w->json, what->type, &id, what->at_ms, &room->id, seq, what->data->data, what->data->len);

	struct event_row row = {.seq = seq,
				.n_messages = n_messages,
				.author_no = what->author_no,
				.target_seq = what->target_seq,
				.at_ms = what->at_ms,
				.id = id,
				.type = what->type,
				.json = {.s = (const char *)w->json.data, .n = w->json.len}};
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_EVENT_INSERT);
	sqlite_statement_bind_i64(st, 1, event_pk(room->no, seq));
	sqlite_statement_bind_uid(st, 2, &id);
	sqlite_statement_bind_i64(st, 3, what->type);
	bind_known(st, 4, what->author_no);
	sqlite_statement_bind_i64(st, 5, what->at_ms);
	sqlite_statement_bind_u64(st, 6, n_messages);
	bind_known(st, 7, what->target_seq);
	sqlite_statement_bind_text(st, 8, row.json);
	sqlite_statement_bind_i64(st, 9, event_row_checksum(&row, &room->id));
	int rc = sqlite_statement_run(st);
	/* The pages next to the room's end are damaged, or there is a row already: the room's loss, not everybody's. */
	w->met_damage = sqlite_fault_is_damage(rc) || (rc & 0xff) == SQLITE_CONSTRAINT;
	if (w->met_damage)
		w->failed = (struct damage_place){
			.room_no = room->no, .room = room->id, .from_seq = seq, .to_seq = seq, .what = "the place of the next event"};
	if (rc != SQLITE_OK)
		return rc;

	room->last_seq = seq;
	room->n_messages = n_messages;
	room_cache_changed(&w->rooms, room);
	w->n_events++;
	struct event *e = event_new(w->json.data, w->json.len);
	e->room = room->id;
	e->id = id;
	e->seq = seq;
	e->n_messages = n_messages;
	e->timestamp_ms = what->at_ms;
	e->type = what->type;
	*out = e;
	return SQLITE_OK;
}

/* Sets op.result when the event that it replies to is not a message of the room. */
static int check_reply(struct writer *w, struct store_append *op, const struct room_counters *room)
{
	struct event_row row = {0};
	if (op->reply_to > room->last_seq) {
		op->op.result = -ENOENT;
		return SQLITE_OK;
	}
	int rc = writer_event_at(w, &op->op, room, op->reply_to, &row);
	if (rc == SQLITE_OK && op->op.result == 0 && row.type != EVENT_MESSAGE_CREATED)
		op->op.result = -ENOENT;
	return rc;
}

/* Claims the client_id for the event to come; *claimed is false when this author used it before, and nothing changed. */
static int claim_client_id(struct writer *w, const struct store_append *op, int64_t pk, bool *claimed)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_CLIENT_ID_CLAIM);
	sqlite_statement_bind_u64(st, 1, op->author_no);
	sqlite_statement_bind_uid(st, 2, &op->client_id);
	sqlite_statement_bind_i64(st, 3, pk);
	int rc = writer_own(w, sqlite_statement_run(st), "client ids");
	*claimed = sqlite3_changes(w->connection.db) != 0;
	return rc;
}

static int answer_duplicate(struct writer *w, struct store_append *op)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_CLIENT_ID_EVENT);
	sqlite_statement_bind_u64(st, 1, op->author_no);
	sqlite_statement_bind_uid(st, 2, &op->client_id);
	int rc = sqlite3_step(st);
	struct event_row first;
	/* Which event it is may not be known; that there was one is. */
	if (rc != SQLITE_ROW || !sqlite_statement_uid(st, EVENT_COLUMN_COUNT, &op->room_of_first) ||
	    !event_row_read_sqlite(st, &op->room_of_first, &first))
		return writer_met_damage(w, &op->op, rc, &(struct damage_place){.what = "the event of a client_id"});
	op->duplicate = true;
	op->id = first.id;
	op->seq = first.seq;
	op->timestamp_ms = first.at_ms;
	w->n_duplicates++;
	return SQLITE_OK;
}

int write_append(struct writer *w, struct store_append *op)
{
	op->event = NULL;
	op->duplicate = false;
	struct room_counters *room;
	int rc = writer_room(w, &op->op, op->room_no, &room);
	if (rc == SQLITE_OK && room && op->reply_to != 0)
		rc = check_reply(w, op, room);
	if (rc != SQLITE_OK || op->op.result != 0)
		return rc;
	if (op->has_client_id) {
		bool claimed;
		rc = claim_client_id(w, op, event_pk(room->no, room->last_seq + 1), &claimed);
		if (rc != SQLITE_OK)
			return rc;
		if (!claimed)
			return answer_duplicate(w, op);
	}
	struct writer_event what = {op->type, op->author_no, op->reply_to, &op->data, clock_wall_ms()};
	rc = writer_add_event(w, room, &what, &op->event);
	if (rc != SQLITE_OK)
		return rc;
	/* Who writes has read up to there. */
	if (op->type == EVENT_MESSAGE_CREATED)
		read_marks_move(&w->marks, &(struct read_mark){op->author_no, room->no, op->event->seq, op->event->n_messages});
	op->room_of_first = room->id;
	op->id = op->event->id;
	op->seq = op->event->seq;
	op->timestamp_ms = what.at_ms;
	return SQLITE_OK;
}
