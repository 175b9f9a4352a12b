/* STORE_JOIN, STORE_LEAVE and STORE_READ_MARK. */
#include "base/clock.h"
#include "store/person.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/work/writer.h"

#include <errno.h>

struct member_row {
	bool found;
	enum member_role role;
	uint64_t read_seq, read_messages;
};

static int find_member(struct writer *w, uint64_t user_no, uint64_t room_no, struct member_row *out)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_MEMBER_GET);
	sqlite_statement_bind_u64(st, 1, user_no);
	sqlite_statement_bind_u64(st, 2, room_no);
	*out = (struct member_row){0};
	int rc = writer_own(w, sqlite_statement_finds(st, &out->found), "memberships");
	if (!out->found)
		return rc;
	out->role = (enum member_role)sqlite3_column_int(st, 0);
	out->read_seq = sqlite_statement_u64(st, 1);
	out->read_messages = sqlite_statement_u64(st, 2);
	const struct read_mark *moved = read_marks_find(&w->marks, user_no, room_no);
	if (moved && moved->seq > out->read_seq) {
		out->read_seq = moved->seq;
		out->read_messages = moved->n_messages;
	}
	return SQLITE_OK;
}

/* Whom a join is about; op->user.no 0: nobody. */
static int find_joiner(struct writer *w, struct store_join *op)
{
	enum statement which = op->user_no != 0 ? ST_USER_BY_NO : op->by_id ? ST_USER_BY_ID : ST_USER_BY_KEY;
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, which);
	if (op->user_no != 0)
		sqlite_statement_bind_u64(st, 1, op->user_no);
	else if (op->by_id)
		sqlite_statement_bind_uid(st, 1, &op->user_id);
	else
		sqlite_statement_bind_text(st, 1, op->name_key);
	bool found;
	int rc = sqlite_statement_finds(st, &found);
	return rc == SQLITE_OK && found && !sqlite_rows_user(st, &op->user) ? SQLITE_CORRUPT : rc;
}

int writer_can_be(struct writer *w, uint64_t user_no, bool *can)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_USER_CAN_BE);
	sqlite_statement_bind_u64(st, 1, user_no);
	return writer_own(w, sqlite_statement_finds(st, can), "accounts");
}

int writer_has_most_rooms(struct writer *w, uint64_t user_no, uint64_t most, bool *has)
{
	*has = false;
	if (most == 0)
		return SQLITE_OK;
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_MEMBER_COUNT);
	sqlite_statement_bind_u64(st, 1, user_no);
	sqlite_statement_bind_u64(st, 2, most);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*has = sqlite_statement_u64(st, 0) >= most;
	return rc == SQLITE_ROW ? SQLITE_OK : writer_own(w, rc, "memberships");
}

int writer_add_member(struct writer *w, const struct room_counters *room, uint64_t user_no, enum member_role role)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_MEMBER_INSERT);
	sqlite_statement_bind_u64(st, 1, user_no);
	sqlite_statement_bind_u64(st, 2, room->no);
	sqlite_statement_bind_i64(st, 3, role);
	sqlite_statement_bind_u64(st, 4, room->last_seq);
	sqlite_statement_bind_u64(st, 5, room->n_messages);
	return writer_own(w, sqlite_statement_run(st), "memberships");
}

int writer_describe_room(struct writer *w, const struct room_counters *room, struct store_room *out)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_ROOM_BY_NO);
	sqlite_statement_bind_u64(st, 1, room->no);
	int rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
	if (!sqlite_rows_room(st, out))
		return SQLITE_CORRUPT;
	/* The row may be behind what this transaction did to the room. */
	out->last_seq = room->last_seq;
	out->n_messages = room->n_messages;
	out->n_members = room->n_members;
	return SQLITE_OK;
}

static int enter(struct writer *w, struct room_counters *room, struct store_join *op)
{
	auto_buf data = BUF_INIT;
	person_encode_member(&data, &op->user, op->role, op->by);
	struct writer_event what = {EVENT_MEMBER_JOINED, op->user.no, 0, &data, clock_wall_ms()};
	int rc = writer_add_event(w, room, &what, &op->event);
	if (rc == SQLITE_OK)
		rc = writer_add_member(w, room, op->user.no, op->role);
	if (rc != SQLITE_OK)
		return rc;
	room->n_members++;
	op->membership.role = op->role;
	op->membership.read_seq = room->last_seq;
	op->membership.read_messages = room->n_messages;
	return SQLITE_OK;
}

/* Whether the joiner is a member already, or can become one; else op->result is set. */
static int look_at_joiner(struct writer *w, struct store_join *op, struct member_row *member)
{
	bool can = false, has_most = false;
	int rc = writer_own(w, find_joiner(w, op), "accounts");
	if (rc == SQLITE_OK)
		rc = writer_can_be(w, op->user.no, &can);
	if (rc == SQLITE_OK && can)
		rc = find_member(w, op->user.no, op->room_no, member);
	if (rc == SQLITE_OK && can && !member->found)
		rc = writer_has_most_rooms(w, op->user.no, op->most_rooms, &has_most);
	if (!can)
		op->op.result = -ENOENT;
	else if (has_most)
		op->op.result = -EDQUOT;
	return rc;
}

int write_join(struct writer *w, struct store_join *op)
{
	op->event = NULL;
	op->user = (struct store_user){0};
	op->membership = (struct store_membership){0};
	struct room_counters *room;
	struct member_row member = {0};
	int rc = writer_room(w, &op->op, op->room_no, &room);
	if (rc == SQLITE_OK && room)
		rc = look_at_joiner(w, op, &member);
	if (rc != SQLITE_OK || op->op.result != 0)
		return rc;
	if (member.found) {
		op->membership.role = member.role;
		op->membership.read_seq = member.read_seq;
		op->membership.read_messages = member.read_messages;
	} else {
		rc = enter(w, room, op);
	}
	return rc == SQLITE_OK ? writer_describe_room(w, room, &op->membership.room) : rc;
}

/* The room and the user's membership of it. *room NULL with op->result set: there is none, or no such room, or its log is damaged. */
static int find_membership(struct writer *w, struct store_op *op, uint64_t room_no, uint64_t user_no, struct room_counters **room,
			   struct member_row *member)
{
	int rc = writer_room(w, op, room_no, room);
	if (rc != SQLITE_OK || !*room)
		return rc;
	rc = find_member(w, user_no, room_no, member);
	if (rc == SQLITE_OK && !member->found) {
		op->result = -ENOENT;
		*room = NULL;
	}
	return rc;
}

/* Whom the room passes on to; heir->no 0: nobody, or it has an owner. */
static int find_heir(struct writer *w, uint64_t room_no, struct store_user *heir)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_MEMBER_HEIR);
	bool found;
	sqlite_statement_bind_u64(st, 1, room_no);
	*heir = (struct store_user){0};
	int rc = sqlite_statement_finds(st, &found);
	return rc == SQLITE_OK && found && !sqlite_rows_user(st, heir) ? SQLITE_CORRUPT : rc;
}

static int make_owner(struct writer *w, struct room_counters *room, const struct store_user *heir, struct event **event)
{
	auto_buf data = BUF_INIT;
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_MEMBER_SET_ROLE);
	sqlite_statement_bind_u64(st, 1, heir->no);
	sqlite_statement_bind_u64(st, 2, room->no);
	sqlite_statement_bind_i64(st, 3, MEMBER_ROLE_OWNER);
	int rc = writer_own(w, sqlite_statement_run(st), "memberships");
	if (rc != SQLITE_OK)
		return rc;
	person_encode_member(&data, heir, MEMBER_ROLE_OWNER, (struct text){0});
	struct writer_event what = {EVENT_MEMBER_UPDATED, heir->no, 0, &data, clock_wall_ms()};
	return writer_add_event(w, room, &what, event);
}

/* An owner has left. */
static int pass_on(struct writer *w, struct room_counters *room, struct store_leave *op)
{
	struct store_user heir;
	int rc = writer_own(w, find_heir(w, room->no, &heir), "memberships");
	if (rc == SQLITE_OK && heir.no != 0)
		rc = make_owner(w, room, &heir, &op->passed_event);
	op->heir = heir.id;
	store_user_finish(&heir);
	return rc;
}

int writer_end_membership(struct writer *w, struct room_counters *room, enum member_role role, struct store_leave *op)
{
	struct writer_event what = {EVENT_MEMBER_LEFT, op->user_no, 0, &op->data, clock_wall_ms()};
	int rc = writer_add_event(w, room, &what, &op->event);
	if (rc != SQLITE_OK)
		return rc;
	room->n_members--;
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_MEMBER_DELETE);
	sqlite_statement_bind_u64(st, 1, op->user_no);
	sqlite_statement_bind_u64(st, 2, op->room_no);
	rc = writer_own(w, sqlite_statement_run(st), "memberships");
	return rc == SQLITE_OK && role == MEMBER_ROLE_OWNER ? pass_on(w, room, op) : rc;
}

int write_leave(struct writer *w, struct store_leave *op)
{
	op->event = op->passed_event = NULL;
	struct room_counters *room;
	struct member_row member = {0};
	int rc = find_membership(w, &op->op, op->room_no, op->user_no, &room, &member);
	return rc == SQLITE_OK && room ? writer_end_membership(w, room, member.role, op) : rc;
}

/* How many messages the room had at this seq. Sets op->result when that cannot be read. */
static int messages_at(struct writer *w, struct store_op *op, const struct room_counters *room, uint64_t seq, uint64_t *n_messages)
{
	struct event_row row = {.n_messages = room->n_messages};
	int rc = seq == room->last_seq ? SQLITE_OK : writer_event_at(w, op, room, seq, &row);
	*n_messages = row.n_messages;
	return rc;
}

int write_read_mark(struct writer *w, struct store_read_mark *op)
{
	struct room_counters *room;
	struct member_row member = {0};
	int rc = find_membership(w, &op->op, op->room_no, op->user_no, &room, &member);
	if (rc != SQLITE_OK || !room)
		return rc;
	uint64_t seq = op->seq < room->last_seq ? op->seq : room->last_seq;
	op->read_seq = member.read_seq;
	op->read_messages = member.read_messages;
	if (seq <= member.read_seq)
		return SQLITE_OK;
	rc = messages_at(w, &op->op, room, seq, &op->read_messages);
	if (rc != SQLITE_OK || op->op.result != 0)
		return rc;
	op->read_seq = seq;
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_MEMBER_MARK);
	sqlite_statement_bind_u64(st, 1, op->user_no);
	sqlite_statement_bind_u64(st, 2, op->room_no);
	sqlite_statement_bind_u64(st, 3, op->read_seq);
	sqlite_statement_bind_u64(st, 4, op->read_messages);
	return writer_own(w, sqlite_statement_run(st), "memberships");
}
