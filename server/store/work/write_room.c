/* STORE_ROOM_CREATE and STORE_ROOM_UPDATE. */
#include "base/clock.h"
#include "store/work/writer.h"

#include <errno.h>

/* Whether a room other than this one (0: none) has the name, or one that looks like it, as far as this user may know: public rooms, and private ones
 * that the user is in. One may always keep one's own. */
static int is_taken(struct writer *w, struct text name, struct text name_key, uint64_t by_other_than, uint64_t user_no, bool *taken)
{
	*taken = false;
	if (!name.s)
		return SQLITE_OK;
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_ROOM_ALIKE);
	sqlite_statement_bind_text(st, 1, name_key);
	sqlite_statement_bind_text(st, 2, name);
	sqlite_statement_bind_u64(st, 3, by_other_than);
	sqlite_statement_bind_u64(st, 4, user_no);
	return sqlite_statement_finds(st, taken);
}

static int insert_room(struct writer *w, const struct store_room_create *op, int64_t at_ms, uint64_t *no)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_ROOM_INSERT);
	sqlite_statement_bind_uid(st, 1, &op->id);
	sqlite_statement_bind_i64(st, 2, op->kind);
	sqlite_statement_bind_text(st, 3, op->name);
	sqlite_statement_bind_text(st, 4, op->name_key);
	sqlite_statement_bind_text(st, 5, op->topic.s ? op->topic : (struct text){.s = "", .n = 0});
	sqlite_statement_bind_i64(st, 6, at_ms);
	int rc = sqlite_statement_run(st);
	*no = (uint64_t)sqlite3_last_insert_rowid(w->connection.db);
	return rc;
}

int write_room_create(struct writer *w, struct store_room_create *op)
{
	op->events[0] = op->events[1] = NULL;
	op->membership = (struct store_membership){0};
	uint64_t no;
	bool can, taken = false, has_most = false;
	int rc = writer_can_be(w, op->owner_no, &can);
	if (rc == SQLITE_OK)
		rc = is_taken(w, op->name, op->name_key, 0, op->owner_no, &taken);
	if (rc == SQLITE_OK)
		rc = writer_has_most_rooms(w, op->owner_no, op->most_rooms, &has_most);
	if (rc != SQLITE_OK)
		return rc;
	if (!can || taken || has_most) {
		op->op.result = !can ? -ENOENT : taken ? -EEXIST : -EDQUOT;
		return SQLITE_OK;
	}
	enum member_role role = op->unowned ? MEMBER_ROLE_MEMBER : MEMBER_ROLE_OWNER;
	int64_t at_ms = clock_wall_ms();
	struct room_counters *room = NULL;
	rc = insert_room(w, op, at_ms, &no);
	if (rc == SQLITE_OK)
		rc = room_cache_get(&w->rooms, &w->connection, no, &room);
	if (rc != SQLITE_OK)
		return rc;
	struct writer_event created = {EVENT_ROOM_CREATED, op->owner_no, 0, &op->created_data, at_ms};
	struct writer_event joined = {EVENT_MEMBER_JOINED, op->owner_no, 0, &op->joined_data, at_ms};
	rc = writer_add_event(w, room, &created, &op->events[0]);
	if (rc == SQLITE_OK)
		rc = writer_add_event(w, room, &joined, &op->events[1]);
	if (w->met_damage)
		w->failed = (struct damage_place){.what = "the place of a new room's events"}; /* the room is not made */
	if (rc == SQLITE_OK)
		rc = writer_add_member(w, room, op->owner_no, role);
	if (rc != SQLITE_OK)
		return rc;
	room->n_members = 1;
	op->membership.role = role;
	op->membership.read_seq = room->last_seq;
	op->membership.read_messages = room->n_messages;
	return writer_describe_room(w, room, &op->membership.room);
}

static int set_name(struct writer *w, const struct store_room_update *op)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_ROOM_SET_NAME);
	sqlite_statement_bind_u64(st, 1, op->room_no);
	sqlite_statement_bind_text(st, 2, op->name);
	sqlite_statement_bind_text(st, 3, op->name_key);
	return sqlite_statement_run(st);
}

static int set_topic(struct writer *w, const struct store_room_update *op)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_ROOM_SET_TOPIC);
	sqlite_statement_bind_u64(st, 1, op->room_no);
	sqlite_statement_bind_text(st, 2, op->topic);
	return sqlite_statement_run(st);
}

int write_room_update(struct writer *w, struct store_room_update *op)
{
	op->event = NULL;
	struct room_counters *room;
	bool taken = false;
	int rc = writer_room(w, &op->op, op->room_no, &room);
	if (rc != SQLITE_OK || !room)
		return rc;
	rc = is_taken(w, op->name, op->name_key, op->room_no, op->user_no, &taken);
	if (rc != SQLITE_OK)
		return rc;
	if (taken) {
		op->op.result = -EEXIST;
		return SQLITE_OK;
	}
	if (op->name.s)
		rc = set_name(w, op);
	if (rc == SQLITE_OK && op->topic.s)
		rc = set_topic(w, op);
	if (rc != SQLITE_OK)
		return rc;
	struct writer_event what = {EVENT_ROOM_UPDATED, 0, 0, &op->data, clock_wall_ms()};
	return writer_add_event(w, room, &what, &op->event);
}
