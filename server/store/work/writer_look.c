/* What the writer looks at before it changes anything, and which may turn out to be damaged. */
#include "store/sqlite/sqlite_fault.h"
#include "store/work/writer.h"

#include <errno.h>

int writer_own(struct writer *w, int rc, const char *what)
{
	if (sqlite_fault_is_damage(rc)) {
		w->met_damage = true;
		w->failed = (struct damage_place){.what = what};
	}
	return rc;
}

int writer_met_damage(struct writer *w, struct store_op *op, int rc, const struct damage_place *place)
{
	if (sqlite_fault_is_damage(rc)) {
		w->met_damage = true;
		w->failed = *place;
		return rc;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return rc;
	damage_note(w->damage, place);
	op->result = -EBADMSG;
	return SQLITE_OK;
}

/* The log ends with the room's last_seq and as many messages; that the next seq is free shows when it is written. */
static int check_top(struct writer *w, struct store_op *op, struct room_counters *room)
{
	if (room->last_seq == 0)
		return SQLITE_OK; /* just made */
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_ROOM_TOP);
	sqlite_statement_bind_i64(st, 1, event_pk(room->no, room->last_seq));
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW && sqlite_statement_u64(st, 0) == room->n_messages)
		return SQLITE_OK;
	return writer_met_damage(w, op, rc,
				 &(struct damage_place){.room_no = room->no,
							.room = room->id,
							.from_seq = room->last_seq,
							.to_seq = room->last_seq,
							.what = "the log does not end where its room says"});
}

int writer_room(struct writer *w, struct store_op *op, uint64_t room_no, struct room_counters **out)
{
	*out = NULL;
	if (damage_has_room(w->damage, room_no)) {
		op->result = -EBADMSG;
		return SQLITE_OK;
	}
	struct room_counters *room;
	int rc = room_cache_get(&w->rooms, &w->connection, room_no, &room);
	if (rc != SQLITE_OK)
		return rc;
	if (!room) {
		op->result = -ENOENT;
		return SQLITE_OK;
	}
	if (!room->checked)
		rc = check_top(w, op, room);
	if (rc != SQLITE_OK || op->result != 0) {
		*room = (struct room_counters){0}; /* wrong counters are not kept */
		return rc;
	}
	room->checked = true;
	*out = room;
	return SQLITE_OK;
}

int writer_event_at(struct writer *w, struct store_op *op, const struct room_counters *room, uint64_t seq, struct event_row *out)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_EVENT_ROW);
	sqlite_statement_bind_i64(st, 1, event_pk(room->no, seq));
	int rc = sqlite3_step(st);
	bool good = rc == SQLITE_ROW && event_row_read_sqlite(st, &room->id, out);
	out->json = (struct text){0};
	if (good)
		return SQLITE_OK;
	return writer_met_damage(
		w, op, rc,
		&(struct damage_place){
			.room_no = room->no, .room = room->id, .from_seq = seq, .to_seq = seq, .what = "an event that a write is about"});
}
