/* STORE_ROOM_FIND, STORE_ROOM_PAGE and STORE_MEMBER_PAGE. */
#include "base/memory.h"
#include "codec/buf.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/work/store_reader.h"

#include <errno.h>
#include <string.h>

/* Pages are asked for with a limit that was checked; this only keeps a mistake from becoming an allocation. */
enum { PAGE_ROWS_MAX = 10000 };

static size_t page_rows(uint64_t limit)
{
	return limit < PAGE_ROWS_MAX ? (size_t)limit : PAGE_ROWS_MAX;
}

/* A private room by its name, when it is the only one. Returns SQLite's code. */
static int find_private(struct store_reader *r, struct store_room_find *op)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(r->connection, ST_ROOM_PRIVATE_BY_KEY);
	sqlite_statement_bind_text(st, 1, op->name_key);
	int rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return rc;
	if (!sqlite_rows_room(st, &op->room))
		return SQLITE_CORRUPT;
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return SQLITE_ROW;
	store_room_finish(&op->room);
	return rc == SQLITE_ROW ? SQLITE_DONE : rc;
}

int read_room_find(struct store_reader *r, struct store_room_find *op)
{
	op->room = (struct store_room){0};
	enum statement which = op->room_no != 0 ? ST_ROOM_BY_NO : op->by_id ? ST_ROOM_BY_ID : ST_ROOM_BY_KEY;
	auto_reset sqlite3_stmt *st = sqlite_statement(r->connection, which);
	if (op->room_no != 0)
		sqlite_statement_bind_u64(st, 1, op->room_no);
	else if (op->by_id)
		sqlite_statement_bind_uid(st, 1, &op->id);
	else
		sqlite_statement_bind_text(st, 1, op->name_key);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		if (sqlite_rows_room(st, &op->room))
			return 0;
		rc = SQLITE_CORRUPT;
	}
	if (rc == SQLITE_DONE && which == ST_ROOM_BY_KEY && op->private_too) {
		rc = find_private(r, op);
		if (rc == SQLITE_ROW)
			return 0;
	}
	return rc == SQLITE_DONE ? -ENOENT : store_reader_failed(r, rc, "room_find");
}

/* Whether this row's key (its last column) is the same as that of the row before, which is kept in `last`. */
static bool has_key_of_last(sqlite3_stmt *st, struct buf *last)
{
	size_t n = (size_t)sqlite3_column_bytes(st, ROOM_COLUMN_COUNT + 1);
	const void *key = sqlite3_column_text(st, ROOM_COLUMN_COUNT + 1);
	bool same = n > 0 && n == last->len && memcmp(key, last->data, n) == 0;
	buf_clear(last);
	buf_append(last, key, n);
	return same;
}

/* False: the row is damaged. */
static bool add_to_page(sqlite3_stmt *st, struct store_room_page *op, size_t *n_allocated)
{
	if (op->n_rooms == *n_allocated) {
		*n_allocated += 8;
		op->rooms = mem_realloc(op->rooms, *n_allocated * sizeof op->rooms[0]);
		op->is_member = mem_realloc(op->is_member, *n_allocated * sizeof op->is_member[0]);
	}
	if (!sqlite_rows_room(st, &op->rooms[op->n_rooms]))
		return false;
	op->is_member[op->n_rooms++] = sqlite3_column_int(st, ROOM_COLUMN_COUNT) != 0;
	return true;
}

/* Where a page that begins after this room begins. Returns SQLite's code: SQLITE_DONE, there is none. */
static int find_place(struct store_reader *r, const struct uid *room, struct buf *key, int64_t *no)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(r->connection, ST_ROOM_PLACE);
	sqlite_statement_bind_uid(st, 1, room);
	int rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return rc;
	*no = sqlite3_column_int64(st, 0);
	buf_append(key, sqlite3_column_text(st, 1), (size_t)sqlite3_column_bytes(st, 1));
	return rc;
}

int read_room_page(struct store_reader *r, struct store_room_page *op)
{
	auto_buf place_key = BUF_INIT;
	int64_t place_no = INT64_MAX; /* after all rooms of the key */
	int found = op->by_room ? find_place(r, &op->after_room, &place_key, &place_no) : SQLITE_ROW;
	if (found != SQLITE_ROW)
		return found == SQLITE_DONE ? -ENOENT : store_reader_failed(r, found, "room_page");
	struct text after = op->by_room ? (struct text){(const char *)place_key.data, place_key.len} : op->after_key;
	size_t limit = page_rows(op->limit), n_allocated = limit + 1;
	auto_buf last_key = BUF_INIT;
	op->rooms = mem_zalloc(n_allocated * sizeof op->rooms[0]);
	op->is_member = mem_zalloc(n_allocated * sizeof op->is_member[0]);
	op->n_rooms = 0;
	op->more = false;
	auto_reset sqlite3_stmt *st = sqlite_statement(r->connection, op->all ? ST_ROOM_PAGE_ALL : ST_ROOM_PAGE);
	sqlite_statement_bind_u64(st, 1, op->user_no);
	sqlite_statement_bind_text(st, 2, after.s ? after : (struct text){.s = "", .n = 0});
	if (op->all)
		sqlite_statement_bind_i64(st, 3, place_no);
	int rc;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		bool same = has_key_of_last(st, &last_key);
		if (op->n_rooms >= limit && (op->all || !same)) {
			op->more = true;
			return 0;
		}
		if (!add_to_page(st, op, &n_allocated)) {
			rc = SQLITE_CORRUPT;
			break;
		}
	}
	if (rc == SQLITE_DONE)
		return 0;
	store_room_page_finish(op);
	return store_reader_failed(r, rc, "room_page");
}

int read_member_page(struct store_reader *r, struct store_member_page *op)
{
	size_t limit = page_rows(op->limit);
	op->users = mem_zalloc((limit + 1) * sizeof op->users[0]);
	op->roles = mem_zalloc((limit + 1) * sizeof op->roles[0]);
	op->n_users = 0;
	op->more = false;
	auto_reset sqlite3_stmt *st = sqlite_statement(r->connection, ST_MEMBER_PAGE);
	sqlite_statement_bind_u64(st, 1, op->room_no);
	sqlite_statement_bind_uid(st, 2, &op->after);
	sqlite_statement_bind_u64(st, 3, limit + 1);
	int rc;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (op->n_users == limit) {
			op->more = true;
			return 0;
		}
		if (!sqlite_rows_member_role(st, USER_COLUMN_COUNT, &op->roles[op->n_users]) ||
		    !sqlite_rows_user(st, &op->users[op->n_users])) {
			rc = SQLITE_CORRUPT;
			break;
		}
		op->n_users++;
	}
	if (rc == SQLITE_DONE)
		return 0;
	store_member_page_finish(op);
	return store_reader_failed(r, rc, "member_page");
}
