/* STORE_GUESTS_END. */
#include "base/memory.h"
#include "store/person.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/work/writer.h"

struct ended_row {
	struct store_user user;
	uint64_t room_no;
	enum member_role role;
};

static int read_row(sqlite3_stmt *st, struct ended_row *row)
{
	row->room_no = sqlite_statement_u64(st, USER_COLUMN_COUNT);
	bool good = sqlite_rows_user(st, &row->user) && sqlite_rows_member_role(st, USER_COLUMN_COUNT + 1, &row->role);
	return good ? SQLITE_OK : SQLITE_CORRUPT;
}

/* They are read before any is ended: the rows change with it. Those in damaged rooms are passed over, or they would stand in the way of all others. */
static int find_rows(struct writer *w, struct store_guests_end *op, struct ended_row *rows, size_t *n)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(&w->connection, ST_MEMBER_ENDED);
	int rc;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (damage_has_room(w->damage, sqlite_statement_u64(st, USER_COLUMN_COUNT)))
			continue;
		op->more = *n == op->most;
		if (op->more)
			return SQLITE_OK;
		rc = read_row(st, &rows[(*n)++]);
		if (rc != SQLITE_OK)
			return rc;
	}
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int end_row(struct writer *w, struct store_guests_end *op, const struct ended_row *row)
{
	struct room_counters *room;
	int rc = writer_room(w, &op->op, row->room_no, &room);
	op->op.result = 0;
	if (rc != SQLITE_OK || !room)
		return rc; /* no room: found to be damaged just now */
	struct store_ended *ended = &op->ended[op->n_ended++];
	auto_buf data = BUF_INIT;
	person_encode_left(&data, &row->user.id, row->user.name, row->user.kind);
	ended->room = room->id;
	ended->user = row->user.id;
	ended->leave = (struct store_leave){.room_no = row->room_no, .user_no = row->user.no, .data = data};
	rc = writer_end_membership(w, room, row->role, &ended->leave);
	ended->leave.data = BUF_INIT;
	return rc;
}

int write_guests_end(struct writer *w, struct store_guests_end *op)
{
	size_t n = 0;
	auto_free struct ended_row *rows = mem_zalloc((op->most + 1) * sizeof *rows);
	op->ended = mem_zalloc((op->most + 1) * sizeof *op->ended);
	op->n_ended = 0;
	op->more = false;
	int rc = writer_own(w, find_rows(w, op, rows, &n), "memberships");
	for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
		rc = end_row(w, op, &rows[i]);
	for (size_t i = 0; i < n; i++)
		store_user_finish(&rows[i].user);
	return rc;
}
