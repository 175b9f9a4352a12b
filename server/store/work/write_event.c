/* STORE_APPEND, and the making of events for the others. */
#include "base/clock.h"
#include "codec/event_encode.h"
#include "store/server_events.h"
#include "store/work/batch.h"
#include "store/work/message_change.h"

#include <errno.h>

static const struct db_statement event_insert = {
	.sql = "INSERT INTO event (pk, id, type, author_no, at_ms, n_messages, target_seq, json, checksum)"
	       " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	.postgres_rows =
		"INSERT INTO event (pk, id, type, author_no, at_ms, n_messages, target_seq, json, checksum)"
		" SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],"
		" $8::text[], $9::bigint[])",
	.parameters = "nbnnnnntn"};
static const struct db_statement event_get = {.sql = "SELECT " EVENT_COLUMNS " FROM event e WHERE e.pk = $1", .parameters = "n"};
/* Where others write too, the same client_id from another writer has to be a conflict. */
static const struct db_statement client_id_claim = {
	.sql = "INSERT INTO client_id (author_no, client_id, event_pk) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
	.postgres = "INSERT INTO client_id (author_no, client_id, event_pk) VALUES ($1, $2, $3)",
	.postgres_rows =
		"INSERT INTO client_id (author_no, client_id, event_pk) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[])",
	.parameters = "nbn"};
static const struct db_statement client_id_event = {
	.sql = "SELECT " EVENT_COLUMNS ", r.id FROM client_id c JOIN event e ON e.pk = c.event_pk JOIN room r ON r.no = c.event_pk >> 36"
	       " WHERE c.author_no = $1 AND c.client_id = $2",
	.parameters = "nb"};

static int insert_event(struct batch *b, const struct room_counters *room, const struct event *e, const struct batch_event *what)
{
	size_t n;
	const char *json = (const char *)event_json(e, &n);
	struct event_row row = {.seq = e->seq,
				.n_messages = e->n_messages,
				.author_no = what->author_no,
				.target_seq = what->target_seq,
				.at_ms = e->timestamp_ms,
				.id = e->id,
				.type = e->type,
				.json = {.s = json, .n = n}};
	int rc = db_send(b->db, &event_insert, db_signed(event_pk(room->no, e->seq)), db_uid(&e->id), db_signed(e->type),
			 db_known(what->author_no), db_signed(e->timestamp_ms), db_number(e->n_messages), db_known(what->target_seq),
			 db_text(row.json), db_number(event_row_checksum(&row, &room->id)));
	/* The pages next to the room's end are damaged, or there is a row already: the room's loss, not everybody's. Where others write too, a conflict is theirs. */
	b->met_damage = (rc == DB_DAMAGED && b->is_alone) || (rc == DB_CONFLICT && b->db->is_only_writer);
	if (b->met_damage)
		b->failed = (struct damage_place){
			.room_no = room->no, .room = room->id, .from_seq = e->seq, .to_seq = e->seq, .what = "the place of the next event"};
	return rc;
}

int batch_add_event(struct batch *b, struct room_counters *room, const struct batch_event *what, struct event **out)
{
	uint64_t seq = room->last_seq + 1;
	struct uid id = id_pool_take(&b->ids);
	buf_clear(&b->json);
	const struct uid *where = room->no == SERVER_EVENTS_ROOM_NO ? NULL : &room->id;
	event_encode(&b->json, what->type, &id, what->at_ms, where, seq, what->data->data, what->data->len);
	struct event *e = event_new(b->json.data, b->json.len);
	e->room = room->id;
	e->room_no = room->no;
	e->id = id;
	e->seq = seq;
	e->n_messages = room->n_messages + (what->type == EVENT_MESSAGE_CREATED ? 1 : 0);
	e->author_no = what->author_no;
	e->target_seq = what->target_seq;
	e->timestamp_ms = what->at_ms;
	e->type = what->type;
	*out = e;
	int rc = insert_event(b, room, e, what);
	if (rc != DB_OK)
		return rc;
	room->last_seq = seq;
	room->n_messages = e->n_messages;
	room_cache_changed(&b->rooms, room);
	b->n_events++;
	return DB_OK;
}

struct db_answer *batch_ask_event(struct batch *b, uint64_t room_no, uint64_t seq)
{
	return db_ask(b->db, &event_get, db_signed(event_pk(room_no, seq)));
}

bool batch_event_is_new(const struct batch *b, const struct room_counters *room, uint64_t seq)
{
	return b->db->looks_ahead && seq > room->looked_seq && seq <= room->last_seq;
}

int batch_event_at(struct batch *b, struct store_op *op, const struct room_counters *room, uint64_t seq, struct db_answer *asked,
		   struct event_row *out)
{
	int rc = db_row(asked);
	bool good = rc == DB_ROW && event_row_read(asked, &room->id, out);
	out->json = (struct text){0};
	if (good)
		return DB_OK;
	return batch_met_damage(
		b, op, rc,
		&(struct damage_place){
			.room_no = room->no, .room = room->id, .from_seq = seq, .to_seq = seq, .what = "an event that a write is about"});
}

/* What an append asks. */
enum { TARGET, CHANGE, FIRST };

void append_look(struct batch *b, struct store_append *op)
{
	if (op->target_seq != 0)
		op->op.asked[TARGET] = batch_ask_event(b, op->room_no, op->target_seq);
	if (message_change_is(op->type))
		op->op.asked[CHANGE] = message_change_ask(b, op->room_no, op->target_seq);
	if (op->has_client_id)
		op->op.asked[FIRST] = db_ask(b->db, &client_id_event, db_number(op->author_no), db_uid(&op->client_id));
}

static void answer_with(struct batch *b, struct store_append *op, const struct uid *room, const struct event_row *first)
{
	op->duplicate = true;
	op->room_of_first = *room;
	op->id = first->id;
	op->seq = first->seq;
	op->timestamp_ms = first->at_ms;
	b->n_duplicates++;
}

/* Sets op.result when the message may not be changed in this way; the answer, when there is nothing left to do. */
static int check_change(struct batch *b, struct store_append *op, const struct room_counters *room, const struct event_row *message)
{
	struct event_row newest;
	bool is_changed, may = message->author_no == op->author_no || (op->rules && op->type == EVENT_MESSAGE_DELETED);
	if (!may) {
		op->op.result = -EACCES;
		return DB_OK;
	}
	int rc = message_change_find(b, &op->op, room, op->target_seq, op->op.asked[CHANGE], &newest, &is_changed);
	if (rc != DB_OK || op->op.result != 0 || !is_changed || newest.type != EVENT_MESSAGE_DELETED)
		return rc;
	if (op->type == EVENT_MESSAGE_DELETED)
		answer_with(b, op, &room->id, &newest);
	else
		op->op.result = -ENOENT;
	return DB_OK;
}

/* Sets op.result when the event that it is about is not a message of the room, or may not be changed. */
static int check_target(struct batch *b, struct store_append *op, const struct room_counters *room)
{
	struct event_row row = {0};
	if (op->target_seq > room->last_seq) {
		op->op.result = -ENOENT;
		return DB_OK;
	}
	if (batch_event_is_new(b, room, op->target_seq))
		return BATCH_LATER;
	int rc = batch_event_at(b, &op->op, room, op->target_seq, op->op.asked[TARGET], &row);
	if (rc != DB_OK || op->op.result != 0)
		return rc;
	if (row.type != EVENT_MESSAGE_CREATED)
		op->op.result = -ENOENT;
	else if (message_change_is(op->type))
		rc = check_change(b, op, room, &row);
	return rc;
}

static int answer_duplicate(struct batch *b, struct store_append *op, int rc)
{
	struct db_answer *found = op->op.asked[FIRST];
	struct event_row first;
	/* Which event it is may not be known; that there was one is. */
	struct uid room;
	if (rc != DB_ROW || !db_column_uid(found, EVENT_COLUMN_COUNT, &room) || !event_row_read(found, &room, &first))
		return batch_met_damage(b, &op->op, rc, &(struct damage_place){.what = "the event of a client_id"});
	answer_with(b, op, &room, &first);
	return DB_OK;
}

struct client_id_key {
	uint64_t author_no;
	struct uid client_id;
};

/* A change that was done before is answered so, also where the message was deleted since, and there is nothing to change any more. */
static int refuse_or_repeat(struct batch *b, struct store_append *op)
{
	struct client_id_key key = {op->author_no, op->client_id};
	if (batch_is_stale(b, KEY_CLIENT_ID, &key, sizeof key))
		return BATCH_LATER;
	int rc = db_row(op->op.asked[FIRST]);
	if (rc != DB_ROW)
		return rc == DB_DONE ? DB_OK : batch_own(b, rc, "client ids");
	op->op.result = 0;
	return answer_duplicate(b, op, rc);
}

/* Claims the client_id for the event to come: DB_OK; else the author used it before, and nothing changed. */
static int claim_client_id(struct batch *b, const struct store_append *op, const struct room_counters *room)
{
	struct client_id_key key = {op->author_no, op->client_id};
	if (batch_is_stale(b, KEY_CLIENT_ID, &key, sizeof key))
		return BATCH_LATER;
	int rc = db_claim(b->db, op->op.asked[FIRST], &client_id_claim, db_number(op->author_no), db_uid(&op->client_id),
			  db_signed(event_pk(room->no, room->last_seq + 1)));
	if (rc == DB_OK)
		batch_wrote(b, KEY_CLIENT_ID, &key, sizeof key);
	return batch_own(b, rc, "client ids");
}

int append_write(struct batch *b, struct store_append *op)
{
	op->event = NULL;
	op->duplicate = false;
	struct room_counters *room;
	int rc = batch_room(b, &op->op, op->room_no, &room);
	if (rc == DB_OK && room && op->target_seq != 0)
		rc = check_target(b, op, room);
	if (rc == DB_OK && op->op.result == -ENOENT && op->has_client_id && message_change_is(op->type))
		return refuse_or_repeat(b, op);
	if (rc != DB_OK || op->op.result != 0 || op->duplicate)
		return rc;
	if (op->has_client_id) {
		rc = claim_client_id(b, op, room);
		if (rc == DB_ROW || rc == DB_DONE)
			return answer_duplicate(b, op, rc);
		if (rc != DB_OK)
			return rc;
	}
	struct batch_event what = {op->type, op->author_no, op->target_seq, &op->data, clock_wall_ms()};
	rc = batch_add_event(b, room, &what, &op->event);
	if (rc == DB_OK && message_change_is(op->type))
		rc = message_change_set(b, room->no, op->target_seq, op->event->seq);
	if (rc != DB_OK)
		return rc;
	/* Who writes has read up to there. The message is stored even if the mark is lost. */
	if (op->type == EVENT_MESSAGE_CREATED)
		(void)read_marks_move(&b->marks, &(struct read_mark){op->author_no, room->no, op->event->seq, op->event->n_messages});
	op->room_of_first = room->id;
	op->id = op->event->id;
	op->seq = op->event->seq;
	op->timestamp_ms = what.at_ms;
	return DB_OK;
}
