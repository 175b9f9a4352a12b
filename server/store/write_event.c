/* STORE_APPEND, and the making of events for the others. */
#include "base/clock.h"
#include "codec/event_encode.h"
#include "store/writer.h"

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

	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_EVENT_INSERT);
	sqlite_statement_bind_i64(st, 1, event_pk(room->no, seq));
	sqlite_statement_bind_uid(st, 2, &id);
	sqlite_statement_bind_i64(st, 3, what->type);
	bind_known(st, 4, what->author_no);
	sqlite_statement_bind_i64(st, 5, what->at_ms);
	sqlite_statement_bind_u64(st, 6, n_messages);
	bind_known(st, 7, what->target_seq);
	sqlite_statement_bind_text(st, 8, (struct text){.s = (const char *)w->json.data, .n = w->json.len});
	int rc = sqlite_statement_run(st);
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

/* *found: whether the seq is a message of the room. */
static int message_at(struct writer *w, const struct room_counters *room, uint64_t seq, bool *found)
{
	*found = false;
	if (seq > room->last_seq)
		return SQLITE_OK;
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_EVENT_AT);
	sqlite_statement_bind_i64(st, 1, event_pk(room->no, seq));
	int rc = sqlite_statement_finds(st, found);
	*found = *found && sqlite3_column_int(st, 0) == EVENT_MESSAGE_CREATED;
	return rc;
}

/* Claims the client_id for the event to come; *claimed is false when this author used it before, and nothing changed. */
static int claim_client_id(struct writer *w, const struct store_append *op, int64_t pk, bool *claimed)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_CLIENT_ID_CLAIM);
	sqlite_statement_bind_u64(st, 1, op->author_no);
	sqlite_statement_bind_uid(st, 2, &op->client_id);
	sqlite_statement_bind_i64(st, 3, pk);
	int rc = sqlite_statement_run(st);
	*claimed = sqlite3_changes(w->connection.db) != 0;
	return rc;
}

static int answer_duplicate(struct writer *w, struct store_append *op)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_CLIENT_ID_EVENT);
	sqlite_statement_bind_u64(st, 1, op->author_no);
	sqlite_statement_bind_uid(st, 2, &op->client_id);
	int rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
	op->duplicate = true;
	sqlite_statement_uid(st, 0, &op->room_of_first);
	sqlite_statement_uid(st, 1, &op->id);
	op->seq = event_pk_seq(sqlite3_column_int64(st, 2));
	op->timestamp_ms = sqlite3_column_int64(st, 3);
	w->n_duplicates++;
	return SQLITE_OK;
}

int write_append(struct writer *w, struct store_append *op)
{
	op->event = NULL;
	op->duplicate = false;
	struct room_counters *room;
	int rc = room_cache_get(&w->rooms, &w->connection, op->room_no, &room);
	if (rc != SQLITE_OK)
		return rc;
	bool possible = room != NULL;
	if (possible && op->reply_to != 0)
		rc = message_at(w, room, op->reply_to, &possible);
	if (rc != SQLITE_OK)
		return rc;
	if (!possible) {
		op->op.result = -ENOENT;
		return SQLITE_OK;
	}
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
	op->room_of_first = room->id;
	op->id = op->event->id;
	op->seq = op->event->seq;
	op->timestamp_ms = what.at_ms;
	return SQLITE_OK;
}
