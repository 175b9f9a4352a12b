/* STORE_GUESTS_END. */
#include "base/memory.h"
#include "store/person.h"
#include "store/work/batch.h"
#include "store/work/rows.h"

#define ENDED_COLUMNS USER_COLUMNS ", m.room_no"
static const struct db_statement member_ended = {
	.sql = "SELECT " ENDED_COLUMNS " FROM member m INDEXED BY member_ended JOIN account u ON u.no = m.user_no WHERE m.ended = 1",
	/* Rooms are locked in the order of their numbers. */
	.postgres =
		"SELECT " ENDED_COLUMNS " FROM member m JOIN account u ON u.no = m.user_no WHERE m.ended = 1 ORDER BY m.room_no, m.user_no",
	.parameters = ""};

struct ended_row {
	struct store_user user;
	uint64_t room_no;
};

static int read_row(struct db_answer *ended, struct ended_row *row)
{
	row->room_no = db_column_number(ended, USER_COLUMN_COUNT);
	return rows_user(ended, &row->user) ? DB_OK : DB_DAMAGED;
}

/* They are read before any is ended: the rows change with it. Those in damaged rooms are passed over, or they would stand in the way of all others. */
static int find_rows(struct batch *b, struct store_guests_end *op, struct ended_row *rows, size_t *n)
{
	auto_answer *ended = db_ask_plain(b->db, &member_ended);
	int rc;
	while ((rc = db_row(ended)) == DB_ROW) {
		if (damage_has_room(b->damage, db_column_number(ended, USER_COLUMN_COUNT)))
			continue;
		op->more = *n == op->most;
		if (op->more)
			return DB_OK;
		rc = read_row(ended, &rows[(*n)++]);
		if (rc != DB_OK)
			return rc;
	}
	return rc == DB_DONE ? DB_OK : rc;
}

static int end_row(struct batch *b, struct store_guests_end *op, const struct ended_row *row)
{
	struct room_counters *room;
	int rc = batch_room(b, &op->op, row->room_no, &room);
	op->op.result = 0;
	if (rc != DB_OK || !room)
		return rc; /* no room: found to be damaged just now */
	/* Another writer may have ended it before the room was locked, or have made this member the owner. */
	bool is_member;
	enum member_role role;
	rc = batch_is_member(b, row->user.no, row->room_no, &is_member, &role);
	if (rc != DB_OK || !is_member)
		return rc;
	struct store_ended *ended = &op->ended[op->n_ended++];
	auto_buf data = BUF_INIT;
	person_encode_left(&data, &row->user.id, row->user.name, row->user.kind);
	ended->leave = (struct store_leave){.op = {.kind = STORE_LEAVE}, .room_no = row->room_no, .user_no = row->user.no, .data = data};
	auto_answer *asked = batch_ask_heir(b, row->room_no, row->user.no);
	struct store_user heir;
	rc = batch_find_heir(b, asked, role, &heir);
	if (rc == DB_OK)
		rc = batch_end_membership(b, room, &heir, &ended->leave);
	store_user_finish(&heir);
	ended->leave.data = BUF_INIT;
	return rc;
}

/* Before any membership ends: its notice locks the server's log, behind which no other room is locked. */
static int lock_rooms(struct batch *b, struct store_guests_end *op, const struct ended_row *rows, size_t n)
{
	struct room_counters *room;
	int rc = DB_OK;
	for (size_t i = 0; rc == DB_OK && i < n && !b->db->is_only_writer; i++)
		rc = batch_room(b, &op->op, rows[i].room_no, &room);
	op->op.result = 0;
	return rc;
}

/* It asks while it writes: whom it is about is known only then, and each one it ends changes who the next heir is. */
void guests_end_look(struct batch *b, struct store_guests_end *op)
{
	(void)b;
	(void)op;
}

int guests_end_write(struct batch *b, struct store_guests_end *op)
{
	size_t n = 0;
	auto_free struct ended_row *rows = mem_zalloc((op->most + 1) * sizeof *rows);
	op->ended = mem_zalloc((op->most + 1) * sizeof *op->ended);
	op->n_ended = 0;
	op->more = false;
	int rc = batch_own(b, find_rows(b, op, rows, &n), "memberships");
	if (rc == DB_OK)
		rc = lock_rooms(b, op, rows, n);
	for (size_t i = 0; rc == DB_OK && i < n; i++)
		rc = end_row(b, op, &rows[i]);
	for (size_t i = 0; i < n; i++)
		store_user_finish(&rows[i].user);
	return rc;
}
