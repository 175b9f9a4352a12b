/*
 * STORE_LOG_PAGE: the bytes that were committed, as they were. Seqs are contiguous and each row has its checksum, so what is missing or changed is
 * noticed: a page ends before it, and one that would begin with it is refused.
 */
#include "base/memory.h"
#include "store/sqlite/sqlite_fault.h"
#include "store/sqlite/sqlite_rows.h"
#include "store/work/event_row.h"
#include "store/work/log_damage.h"
#include "store/work/store_reader.h"

#include <string.h>

enum { LOG_ROWS_MAX = 10000 };
static const uint64_t seq_end = (uint64_t)1 << SEQ_BITS;

/* What is read: the seqs that must be there are first <= seq <= last; events that were committed since the room was looked up may follow. */
struct log_range {
	struct uid room;
	uint64_t first, last;
	uint64_t expected; /* the next in the direction of reading */
};

static struct event *event_of_row(const struct event_row *row, const struct uid *room)
{
	struct event *e = event_new(row->json.s, row->json.n);
	e->room = *room;
	e->seq = row->seq;
	e->id = row->id;
	e->type = row->type;
	e->timestamp_ms = row->at_ms;
	e->n_messages = row->n_messages;
	return e;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int find_range(struct store_reader *r, const struct store_log_page *op, struct log_range *out)
{
	struct store_room room;
	auto_reset sqlite3_stmt *st = sqlite_statement(r->connection, ST_ROOM_BY_NO);
	sqlite_statement_bind_u64(st, 1, op->room_no);
	int rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc; /* rooms are never deleted */
	if (!sqlite_rows_room(st, &room))
		return SQLITE_CORRUPT;
	*out = (struct log_range){.room = room.id, .first = least(op->after_seq, seq_end - 1) + 1, .last = room.last_seq};
	if (op->before_seq != 0)
		out->last = least(out->last, op->before_seq - 1);
	out->expected = op->newest ? out->last : out->first;
	store_room_finish(&room);
	return SQLITE_OK;
}

static void append(struct store_log_page *op, struct event *e, size_t *n_allocated)
{
	if (op->n_events == *n_allocated) {
		*n_allocated = *n_allocated ? *n_allocated * 2 : 64;
		op->events = mem_realloc(op->events, *n_allocated * sizeof op->events[0]);
	}
	op->events[op->n_events++] = e;
}

/* SQLITE_DONE: the page is whole. Else the event `expected` could not be had. */
static int read_rows(struct store_reader *r, struct store_log_page *op, struct log_range *range, uint64_t limit)
{
	uint64_t before = op->before_seq != 0 ? least(op->before_seq, seq_end) : seq_end;
	auto_reset sqlite3_stmt *st = sqlite_statement(r->connection, op->newest ? ST_LOG_DOWN : ST_LOG_UP);
	/* Both ends count: it is looked for no page but theirs, and the one next to them may be damaged. */
	sqlite_statement_bind_i64(st, 1, event_pk(op->room_no, 0) + (int64_t)range->first);
	sqlite_statement_bind_i64(st, 2, event_pk(op->room_no, 0) + (int64_t)before - 1);
	sqlite_statement_bind_u64(st, 3, limit + 1);
	size_t n_allocated = 0;
	uint64_t bytes = 0;
	struct event_row row;
	int rc;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		bool good = event_row_read_sqlite(st, &range->room, &row);
		if (op->newest && op->n_events == 0 && row.seq > range->expected)
			range->expected = row.seq; /* committed since */
		if (!good || row.seq != range->expected)
			return SQLITE_CORRUPT;
		bytes += row.json.n;
		op->more = op->n_events == limit || (op->limit_bytes != 0 && bytes > op->limit_bytes && op->n_events > 0);
		if (op->more)
			return SQLITE_DONE;
		append(op, event_of_row(&row, &range->room), &n_allocated);
		range->expected = op->newest ? row.seq - 1 : row.seq + 1;
	}
	/* SQLite looks at one row more than there is, which may be on another room's page. */
	bool all = op->newest ? range->expected < range->first : range->expected > range->last;
	if (rc == SQLITE_DONE || sqlite_fault_is_damage(rc))
		return all ? SQLITE_DONE : SQLITE_CORRUPT;
	return rc;
}

static void reverse(struct event **events, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct event *e = events[i];
		events[i] = events[n - 1 - i];
		events[n - 1 - i] = e;
	}
}

/* The page begins with what cannot be read. */
static int refuse(struct store_reader *r, struct store_log_page *op, const struct log_range *range)
{
	uint64_t bound = op->newest ? range->first : range->last, from = range->expected, to;
	if (op->newest ? from < bound : from > bound)
		bound = from; /* committed since, and damaged already */
	int rc = log_damage_reach(r->connection, op->room_no, &range->room, from, bound, &to);
	if (rc != SQLITE_OK)
		return store_reader_failed(r, rc, "log_page");
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
	op->events = NULL;
	op->n_events = 0;
	op->more = false;
	op->damaged_from = op->damaged_to = 0;
	struct log_range range;
	int rc = find_range(r, op, &range);
	if (rc != SQLITE_OK)
		return store_reader_failed(r, rc, "log_page");
	rc = read_rows(r, op, &range, op->limit != 0 ? least(op->limit, LOG_ROWS_MAX) : LOG_ROWS_MAX);
	if (rc == SQLITE_CORRUPT && op->n_events > 0) {
		op->more = true; /* the next page is refused */
		rc = SQLITE_DONE;
	}
	if (rc != SQLITE_DONE) {
		store_log_page_finish(op);
		return rc == SQLITE_CORRUPT ? refuse(r, op, &range) : store_reader_failed(r, rc, "log_page");
	}
	if (op->newest)
		reverse(op->events, op->n_events);
	return 0;
}
