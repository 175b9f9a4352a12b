/* STORE_ROOM_FIND, STORE_ROOM_PAGE, STORE_ROOM_TOPS and STORE_MEMBER_PAGE. */
#include "base/memory.h"
#include "codec/buf.h"
#include "store/work/rows.h"
#include "store/work/store_reader.h"

#include <errno.h>
#include <string.h>

/* Pages are asked for with a limit that was checked; this only keeps a mistake from becoming an allocation. */
enum { PAGE_ROWS_MAX = 10000 };

/* A room, and what $2, who asks, is in it and on the server. */
#define FOUND(join, which) \
	"SELECT " ROOM_COLUMNS ", m.role, m.read_seq, m.read_messages, (SELECT a.role FROM account a WHERE a.no = $2)" \
	" FROM room r " join " member m ON m.room_no = r.no AND m.user_no = $2 WHERE " which
static const struct db_statement room_by_no = {.sql = FOUND("LEFT JOIN", "r.no = $1"), .parameters = "nn"};
static const struct db_statement room_by_id = {.sql = FOUND("LEFT JOIN", "r.id = $1"), .parameters = "bn"};
static const struct db_statement room_by_key = {.sql = FOUND("LEFT JOIN", "r.name_key = $1"), .parameters = "tn"};
static const struct db_statement room_own_by_key = {.sql = FOUND("JOIN", "r.private_key = $1 ORDER BY r.no LIMIT 1"), .parameters = "tn"};
static const struct db_statement room_private_by_key = {
	.sql = FOUND("LEFT JOIN",
		     "r.private_key = $1 AND ($3 <> 0 OR EXISTS (SELECT 1 FROM account a WHERE a.no = $2 AND a.role = 1)) LIMIT 2"),
	.parameters = "tnn"};
static const struct db_statement room_place = {.sql = "SELECT r.no, coalesce(r.name_key, r.private_key) FROM room r WHERE r.id = $1",
					       .parameters = "b"};

#define IS_MEMBER "CASE WHEN EXISTS (SELECT 1 FROM member m WHERE m.user_no = $1 AND m.room_no = r.no) THEN CAST(1 AS BIGINT) ELSE 0 END"

/*
 * The public rooms, and the private ones that somebody is a member of, in the order of their keys. Private rooms may share a key, and a page does not end between such: the
 * columns behind the room's are whether he is a member, and the key.
 *
 * SQLite makes one row after the other, and is asked for no more than are taken: $3, the length of the page, is nothing to it. The hints keep it from
 * walking past everybody's private rooms. PostgreSQL makes all rows of an answer, so its text ends where the page does: with the rooms that share the last key,
 * and one behind them.
 */
#define PUBLIC_ROOMS(hint) \
	"SELECT " ROOM_COLUMNS ", " IS_MEMBER " AS is_member, r.name_key AS key FROM room r" hint \
	" WHERE r.kind = 0 AND r.name_key > $2 AND $3 >= 0"
#define PRIVATE_ROOMS(join) \
	"SELECT " ROOM_COLUMNS ", 1, r.private_key FROM member m " join " room r ON r.no = m.room_no" \
	" WHERE m.user_no = $1 AND r.kind <> 0 AND r.private_key > $2"
static const struct db_statement room_page = {
	.sql = PUBLIC_ROOMS(" INDEXED BY room_public") " UNION ALL " PRIVATE_ROOMS("CROSS JOIN") " ORDER BY key",
	.postgres = "WITH rooms AS NOT MATERIALIZED (" PUBLIC_ROOMS("") " UNION ALL " PRIVATE_ROOMS(
		"JOIN") "),"
			" page AS (SELECT * FROM rooms ORDER BY key FETCH FIRST $3 ROWS WITH TIES)"
			" SELECT * FROM page UNION ALL"
			" (SELECT * FROM rooms WHERE key > (SELECT max(key) FROM page) ORDER BY key LIMIT 1) ORDER BY key",
	.parameters = "ntn",
};

static const struct db_statement owner_get = {.sql = "SELECT 1 FROM account WHERE no = $1 AND role = 1", .parameters = "n"};
#define ANY_KEY "coalesce(r.name_key, r.private_key)"
#define ALL_ROOMS(hint) \
	"SELECT " ROOM_COLUMNS ", " IS_MEMBER ", " ANY_KEY " FROM room r" hint " WHERE " ANY_KEY " >= $2" \
	" AND (" ANY_KEY " > $2 OR r.no > $3) ORDER BY " ANY_KEY ", r.no LIMIT $4"
static const struct db_statement room_page_all = {
	.sql = ALL_ROOMS(" INDEXED BY room_by_any_key"),
	.postgres = ALL_ROOMS(""),
	.parameters = "ntnn",
};

#define MEMBERS(hint) \
	"SELECT " USER_COLUMNS ", m.role FROM member m" hint " JOIN account u ON u.no = m.user_no" \
	" WHERE m.room_no = $1 AND m.user_no > coalesce((SELECT no FROM account WHERE id = $2), 0) ORDER BY m.user_no LIMIT $3"
static const struct db_statement member_page = {
	.sql = MEMBERS(" INDEXED BY member_by_room"),
	.postgres = MEMBERS(""),
	.parameters = "nbn",
};

static size_t page_rows(uint64_t limit)
{
	return limit < PAGE_ROWS_MAX ? (size_t)limit : PAGE_ROWS_MAX;
}

/* The room on the answer's next row. */
static int read_room(struct db_answer *answer, struct store_room_find *op)
{
	enum { ROLE = ROOM_COLUMN_COUNT, READ_SEQ, READ_MESSAGES, USER_ROLE };
	int result = db_row(answer);
	if (result != DB_ROW)
		return result;
	op->is_member = !db_column_is_null(answer, ROLE);
	op->read_seq = db_column_number(answer, READ_SEQ);
	op->read_messages = db_column_number(answer, READ_MESSAGES);
	op->user_role = db_column_number(answer, USER_ROLE) == USER_ROLE_OWNER ? USER_ROLE_OWNER : USER_ROLE_NONE;
	bool is_sound = (!op->is_member || rows_member_role(answer, ROLE, &op->role)) && rows_room(answer, &op->room);
	return is_sound ? DB_ROW : READ_NO_SENSE;
}

/* A private room by its name, when it is the only one. */
static int find_private(struct store_reader *r, struct store_room_find *op)
{
	auto_answer *answer =
		db_ask(r->db, &room_private_by_key, db_text(op->name_key), db_number(op->user_no), db_signed(op->private_too));
	int result = read_room(answer, op);
	if (result != DB_ROW)
		return result;
	result = db_row(answer);
	if (result == DB_DONE)
		return DB_ROW;
	store_room_finish(&op->room);
	return result == DB_ROW ? DB_DONE : result;
}

static struct db_answer *ask_for_room(struct store_reader *r, const struct store_room_find *op)
{
	struct db_value user = db_number(op->user_no);
	if (op->room_no != 0)
		return db_ask(r->db, &room_by_no, db_number(op->room_no), user);
	return op->by_id ? db_ask(r->db, &room_by_id, db_uid(&op->id), user) : db_ask(r->db, &room_by_key, db_text(op->name_key), user);
}

int read_room_find(struct store_reader *r, struct store_room_find *op)
{
	bool by_name = op->room_no == 0 && !op->by_id;
	op->room = (struct store_room){0};
	auto_answer *own =
		by_name && op->user_no != 0 ? db_ask(r->db, &room_own_by_key, db_text(op->name_key), db_number(op->user_no)) : NULL;
	auto_answer *answer = ask_for_room(r, op);
	int result = own ? read_room(own, op) : DB_DONE;
	if (result == DB_DONE)
		result = read_room(answer, op);
	if (result == DB_DONE && by_name && (op->private_too || op->user_no != 0))
		result = find_private(r, op);
	if (result == DB_ROW)
		return 0;
	return result == DB_DONE ? -ENOENT : store_reader_failed(r, result, "room_find");
}

/* Whether this row's key (its last column) is the same as that of the row before, which is kept in `last`. */
static bool has_key_of_last(struct db_answer *answer, struct buf *last)
{
	struct text key = db_column_bytes(answer, ROOM_COLUMN_COUNT + 1);
	bool same = key.n > 0 && key.n == last->len && memcmp(key.s, last->data, key.n) == 0;
	buf_clear(last);
	buf_append(last, key.s, key.n);
	return same;
}

/* False: the row is damaged. */
static bool add_to_page(struct db_answer *answer, struct store_room_page *op, size_t *n_allocated)
{
	if (op->n_rooms == *n_allocated) {
		*n_allocated += 8;
		op->rooms = mem_realloc(op->rooms, *n_allocated * sizeof op->rooms[0]);
		op->is_member = mem_realloc(op->is_member, *n_allocated * sizeof op->is_member[0]);
	}
	if (!rows_room(answer, &op->rooms[op->n_rooms]))
		return false;
	op->is_member[op->n_rooms++] = db_column_number(answer, ROOM_COLUMN_COUNT) != 0;
	return true;
}

/* Where a page that begins after this room begins. DB_DONE: there is none. */
static int find_place(struct store_reader *r, const struct uid *room, struct buf *key, int64_t *no)
{
	auto_answer *answer = db_ask(r->db, &room_place, db_uid(room));
	int result = db_row(answer);
	if (result != DB_ROW)
		return result;
	struct text found = db_column_bytes(answer, 1);
	*no = db_column_signed(answer, 0);
	buf_append(key, found.s, found.n);
	return result;
}

static int read_rooms(struct db_answer *answer, struct store_room_page *op, size_t limit)
{
	size_t n_allocated = limit + 1;
	auto_buf last_key = BUF_INIT;
	int result;
	op->rooms = mem_zalloc(n_allocated * sizeof op->rooms[0]);
	op->is_member = mem_zalloc(n_allocated * sizeof op->is_member[0]);
	while ((result = db_row(answer)) == DB_ROW) {
		bool same = has_key_of_last(answer, &last_key);
		if (op->n_rooms >= limit && (op->all || !same)) {
			op->more = true;
			return DB_DONE;
		}
		if (!add_to_page(answer, op, &n_allocated))
			return READ_NO_SENSE;
	}
	return result;
}

static int find_owner(struct store_reader *r, uint64_t user_no)
{
	auto_answer *role = db_ask(r->db, &owner_get, db_number(user_no));
	return db_row(role);
}

int read_room_page(struct store_reader *r, struct store_room_page *op)
{
	auto_buf place_key = BUF_INIT;
	int64_t place_no = INT64_MAX; /* after all rooms of the key */
	int found = op->all ? find_owner(r, op->user_no) : DB_ROW;
	op->n_rooms = 0;
	op->more = false;
	if (found == DB_DONE)
		return -EACCES;
	if (found == DB_ROW && op->by_room)
		found = find_place(r, &op->after_room, &place_key, &place_no);
	if (found != DB_ROW)
		return found == DB_DONE ? -ENOENT : store_reader_failed(r, found, "room_page");
	struct text after = op->by_room ? (struct text){(const char *)place_key.data, place_key.len} : op->after_key;
	struct db_value user = db_number(op->user_no), key = db_text(after.s ? after : (struct text){.s = "", .n = 0});
	size_t limit = page_rows(op->limit);
	auto_answer *answer = op->all ? db_ask(r->db, &room_page_all, user, key, db_signed(place_no), db_number(limit + 1))
				      : db_ask(r->db, &room_page, user, key, db_number(limit));
	int result = read_rooms(answer, op, limit);
	if (result == DB_DONE)
		return 0;
	store_room_page_finish(op);
	return store_reader_failed(r, result, "room_page");
}

static int read_members(struct db_answer *answer, struct store_member_page *op, size_t limit)
{
	int result;
	while ((result = db_row(answer)) == DB_ROW) {
		if (op->n_users == limit) {
			op->more = true;
			return DB_DONE;
		}
		if (!rows_member_role(answer, USER_COLUMN_COUNT, &op->roles[op->n_users]) || !rows_user(answer, &op->users[op->n_users]))
			return READ_NO_SENSE;
		op->n_users++;
	}
	return result;
}

/* $1 and $2 are as long as each other: the rooms, and what is known of each. PostgreSQL gives only those that are elsewhere; SQLite is not asked for many. */
static const struct db_statement room_tops = {
	.sql = "SELECT k.key, r.last_seq FROM json_each($1) k CROSS JOIN room r ON r.no = k.value WHERE $2 IS NOT NULL",
	.postgres =
		"SELECT k.place - 1, r.last_seq FROM unnest($1, $2) WITH ORDINALITY AS k(no, seq, place) LEFT JOIN room r ON r.no = k.no"
		" WHERE coalesce(r.last_seq, 0) <> k.seq",
	.parameters = "NN"};
static const struct db_statement epoch_get = {.sql = "SELECT bytes FROM meta WHERE key = 'epoch'", .parameters = ""};

/* What others begin anew, they tell nobody. A row that cannot be an epoch is none. */
static int check_history(struct store_reader *r, struct db_answer *asked, bool is_behind)
{
	struct uid epoch = {0};
	int result = db_row(asked);
	if (result == DB_ROW)
		(void)db_column_uid(asked, 0, &epoch);
	return result < 0 ? result : r->driver->methods->check_history(r->driver, r->db, &epoch, is_behind);
}

int read_room_tops(struct store_reader *r, struct store_room_tops *op)
{
	auto_free int64_t *rooms = mem_zalloc((op->n_rooms + 1) * sizeof *rooms);
	auto_free int64_t *seqs = mem_zalloc((op->n_rooms + 1) * sizeof *seqs);
	for (size_t i = 0; i < op->n_rooms; i++) {
		op->rooms[i].top = 0;
		rooms[i] = (int64_t)op->rooms[i].room_no;
		seqs[i] = (int64_t)op->rooms[i].last_seq;
	}
	auto_answer *tops = db_ask(r->db, &room_tops, db_numbers(rooms, op->n_rooms), db_numbers(seqs, op->n_rooms));
	auto_answer *epoch = r->driver->methods->check_history ? db_ask_plain(r->db, &epoch_get) : NULL;
	bool is_behind = false;
	int result;
	while ((result = db_row(tops)) == DB_ROW) {
		uint64_t at = db_column_number(tops, 0), top = db_column_number(tops, 1);
		if (at < op->n_rooms && top > op->rooms[at].last_seq)
			op->rooms[at].top = top;
		is_behind = is_behind || (at < op->n_rooms && top < op->rooms[at].last_seq);
	}
	if (result == DB_DONE && epoch && (result = check_history(r, epoch, is_behind)) == DB_OK)
		result = DB_DONE;
	return result == DB_DONE ? 0 : store_reader_failed(r, result, "room_tops");
}

int read_member_page(struct store_reader *r, struct store_member_page *op)
{
	size_t limit = page_rows(op->limit);
	op->users = mem_zalloc((limit + 1) * sizeof op->users[0]);
	op->roles = mem_zalloc((limit + 1) * sizeof op->roles[0]);
	op->n_users = 0;
	op->more = false;
	auto_answer *member = store_reader_ask_member(r, op->member_no, op->room_no);
	auto_answer *answer = db_ask(r->db, &member_page, db_number(op->room_no), db_uid(&op->after), db_number(limit + 1));
	int result = store_reader_check_member(member);
	if (result == DB_OK)
		result = read_members(answer, op, limit);
	if (result == DB_DONE)
		return 0;
	store_member_page_finish(op);
	return store_reader_failed(r, result, "member_page");
}
