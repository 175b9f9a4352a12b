/*
 * STORE_LOG_PAGE: the bytes that were committed, as they were. Seqs are contiguous and each row has its checksum, so what is missing or changed is
 * noticed: a page ends before it, and one that would begin with it is refused.
 */
#include "base/memory.h"
#include "store/notices.h"
#include "store/work/event_row.h"
#include "store/work/log_damage.h"
#include "store/work/message_change.h"
#include "store/work/rows.h"
#include "store/work/store_reader.h"

#include <errno.h>
#include <string.h>

static const struct db_statement log_room = {.sql = "SELECT " ROOM_COLUMNS " FROM room r WHERE r.no = $1", .parameters = "n"};
/* $4 is how many bytes a page may have, 0: any number. SQLite makes a row when it is read. PostgreSQL sends all of them: none but those that the page has, and the one
 * that ends it. */
#define LOG_SQL(order) \
	"SELECT " EVENT_COLUMNS " FROM event e WHERE e.pk BETWEEN $1 AND $2 AND $4 IS NOT NULL ORDER BY e.pk" order " LIMIT $3"
#define LOG_POSTGRES(order) \
	"SELECT " EVENT_COLUMNS " FROM (SELECT e.*, sum(octet_length(e.json)) OVER (ORDER BY e.pk" order " ROWS UNBOUNDED PRECEDING)" \
	" - octet_length(e.json) AS bytes_before FROM event e WHERE e.pk BETWEEN $1 AND $2 ORDER BY e.pk" order " LIMIT $3) e" \
	" WHERE $4 = 0 OR e.bytes_before <= $4 ORDER BY e.pk" order
static const struct db_statement log_up = {.sql = LOG_SQL(""), .postgres = LOG_POSTGRES(""), .parameters = "nnnn"};
static const struct db_statement log_down = {.sql = LOG_SQL(" DESC"), .postgres = LOG_POSTGRES(" DESC"), .parameters = "nnnn"};

static const struct db_statement log_oldest = {.sql = "SELECT min(pk) FROM event WHERE pk >= $1", .parameters = "n"};

enum { LOG_ROWS_MAX = 10000 };
static const uint64_t seq_end = (uint64_t)1 << SEQ_BITS;

/* What is read: the seqs that must be there are first <= seq <= last; events that were committed since the room was looked up may follow. */
struct log_range {
	struct uid room;
	uint64_t first, last;
	uint64_t expected; /* the next in the direction of reading */
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int find_range(struct db_answer *answer, struct store_log_page *op, struct log_range *out)
{
	struct store_room room;
	int result = db_row(answer);
	if (result != DB_ROW)
		return result == DB_DONE ? READ_NO_SENSE : result; /* rooms are never deleted */
	if (!rows_room(answer, &room))
		return READ_NO_SENSE;
	out->room = room.id;
	op->last_seq = room.last_seq;
	out->last = op->before_seq != 0 ? least(room.last_seq, op->before_seq - 1) : room.last_seq;
	out->expected = op->newest ? out->last : out->first;
	store_room_finish(&room);
	return DB_ROW;
}

static void append(struct store_log_page *op, struct event *e, size_t *n_allocated)
{
	if (op->n_events == *n_allocated) {
		*n_allocated = *n_allocated ? *n_allocated * 2 : 64;
		op->events = mem_realloc(op->events, *n_allocated * sizeof op->events[0]);
	}
	op->events[op->n_events++] = e;
}

/* Both ends count: SQLite looks for no page but theirs, and the one next to them may be damaged. */
static struct db_answer *ask_for_rows(struct store_reader *r, const struct store_log_page *op, const struct log_range *range,
				      uint64_t limit)
{
	uint64_t before = op->before_seq != 0 ? least(op->before_seq, seq_end) : seq_end;
	int64_t start = event_pk(op->room_no, 0);
	return db_ask(r->db, op->newest ? &log_down : &log_up, db_signed(start + (int64_t)range->first),
		      db_signed(start + (int64_t)before - 1), db_number(limit + 1), db_number(op->limit_bytes));
}

/* DB_DONE: the page is whole. Else the event `expected` could not be had. */
static int read_rows(struct db_answer *answer, struct store_log_page *op, struct log_range *range, uint64_t limit)
{
	size_t n_allocated = 0;
	uint64_t bytes = 0;
	struct event_row row;
	int result;
	while ((result = db_row(answer)) == DB_ROW) {
		bool good = event_row_read(answer, &range->room, &row);
		if (op->newest && op->n_events == 0 && row.seq > range->expected)
			range->expected = row.seq; /* committed since */
		if (!good || row.seq != range->expected)
			return READ_NO_SENSE;
		bytes += row.json.n;
		op->more = op->n_events == limit || (op->limit_bytes != 0 && bytes > op->limit_bytes && op->n_events > 0);
		if (op->more)
			return DB_DONE;
		append(op, event_of_row(&row, &range->room, op->room_no), &n_allocated);
		range->expected = op->newest ? row.seq - 1 : row.seq + 1;
	}
	/* SQLite looks at one row more than there is, which may be on another room's page. */
	bool all = op->newest ? range->expected < range->first : range->expected > range->last;
	if (result == DB_DONE || result == DB_DAMAGED)
		return all ? DB_DONE : READ_NO_SENSE;
	return result;
}

static void reverse(struct event **events, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct event *e = events[i];
		events[i] = events[n - 1 - i];
		events[n - 1 - i] = e;
	}
}

/* Of the server's log old notices are cleared away, which is no damage; whoever reads goes on behind them. DB_OK: the page begins with such. */
static int find_cleared(struct store_reader *r, struct store_log_page *op, uint64_t from)
{
	if (op->room_no != SERVER_LOG_ROOM_NO)
		return READ_NO_SENSE;
	auto_answer *oldest = db_ask(r->db, &log_oldest, db_signed(event_pk(op->room_no, from)));
	int result = db_row(oldest);
	uint64_t seq = event_pk_seq(db_column_signed(oldest, 0));
	if (result != DB_ROW || db_column_is_null(oldest, 0) || seq <= from)
		return result < 0 ? result : READ_NO_SENSE;
	op->damaged_from = from;
	op->damaged_to = seq - 1;
	return DB_OK;
}

/* The page begins with what cannot be read. */
static int refuse(struct store_reader *r, struct store_log_page *op, const struct log_range *range)
{
	uint64_t bound = op->newest ? range->first : range->last, from = range->expected, to;
	if (op->newest ? from < bound : from > bound)
		bound = from; /* committed since, and damaged already */
	int result = log_damage_reach(r->db, op->room_no, &range->room, from, bound, &to);
	if (result != DB_OK)
		return store_reader_failed(r, result, "log_page");
	op->damaged_from = least(from, to);
	op->damaged_to = op->newest ? from : to;
	return store_reader_met_damage(r, &(struct damage_place){.room_no = op->room_no,
								 .room = range->room,
								 .from_seq = op->damaged_from,
								 .to_seq = op->damaged_to,
								 .what = "events of the log"});
}

int read_log_page(struct store_reader *r, struct store_log_page *op)
{
	struct log_range range = {.first = least(op->after_seq, seq_end - 1) + 1};
	uint64_t limit = op->limit != 0 ? least(op->limit, LOG_ROWS_MAX) : LOG_ROWS_MAX;
	op->events = NULL;
	op->n_events = 0;
	op->changes = NULL;
	op->n_changes = 0;
	op->more = false;
	op->damaged_from = op->damaged_to = 0;
	auto_answer *member = store_reader_ask_member(r, op->member_no, op->room_no);
	auto_answer *room = db_ask(r->db, &log_room, db_number(op->room_no));
	auto_answer *rows = ask_for_rows(r, op, &range, limit);
	int result = store_reader_check_member(member);
	if (result == DB_OK)
		result = find_range(room, op, &range);
	if (result != DB_ROW)
		return store_reader_failed(r, result, "log_page");
	result = read_rows(rows, op, &range, limit);
	if (result == READ_NO_SENSE && op->n_events > 0) {
		op->more = true; /* the next page is refused */
		result = DB_DONE;
	}
	if (result != DB_DONE) {
		store_log_page_finish(op);
		if (result == READ_NO_SENSE && find_cleared(r, op, range.expected) == DB_OK)
			return -EBADMSG;
		return result == READ_NO_SENSE ? refuse(r, op, &range) : store_reader_failed(r, result, "log_page");
	}
	if (op->newest)
		reverse(op->events, op->n_events);
	if (op->with_changes && op->n_events > 0)
		result = message_change_read(r, op, &range.room);
	return result == DB_DONE ? 0 : store_reader_failed(r, result, "log_page");
}
