/* STORE_LOG_PAGE: the bytes that were committed, as they were. */
#include "base/memory.h"
#include "store/sqlite_fault.h"
#include "store/store_reader.h"

#include <string.h>

enum { LOG_ROWS_MAX = 10000 };

static struct event *event_of_row(sqlite3_stmt *st, const struct uid *room)
{
	struct event *e = event_new(sqlite3_column_text(st, 5), (size_t)sqlite3_column_bytes(st, 5));
	e->room = *room;
	e->seq = event_pk_seq(sqlite3_column_int64(st, 0));
	sqlite_statement_uid(st, 1, &e->id);
	e->type = (enum event_type)sqlite3_column_int(st, 2);
	e->timestamp_ms = sqlite3_column_int64(st, 3);
	e->n_messages = sqlite_statement_u64(st, 4);
	return e;
}

static int room_id(struct store_reader *r, uint64_t room_no, struct uid *out)
{
	*out = (struct uid){0};
	auto_reset sqlite3_stmt *st = sqlite_statement(&r->connection, ST_ROOM_BY_NO);
	sqlite_statement_bind_u64(st, 1, room_no);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		sqlite_statement_uid(st, 1, out);
	return rc == SQLITE_ROW ? SQLITE_DONE : rc;
}

static void append(struct store_log_page *op, struct event *e, size_t *n_allocated)
{
	if (op->n_events == *n_allocated) {
		*n_allocated = *n_allocated ? *n_allocated * 2 : 64;
		op->events = mem_realloc(op->events, *n_allocated * sizeof op->events[0]);
	}
	op->events[op->n_events++] = e;
}

static int read_rows(struct store_reader *r, struct store_log_page *op, const struct uid *room, uint64_t limit)
{
	const uint64_t seq_end = (uint64_t)1 << SEQ_BITS;
	uint64_t after = op->after_seq < seq_end ? op->after_seq : seq_end - 1;
	uint64_t before = op->before_seq != 0 && op->before_seq < seq_end ? op->before_seq : seq_end;
	auto_reset sqlite3_stmt *st = sqlite_statement(&r->connection, op->newest ? ST_LOG_DOWN : ST_LOG_UP);
	sqlite_statement_bind_i64(st, 1, event_pk(op->room_no, after));
	sqlite_statement_bind_i64(st, 2, event_pk(op->room_no, 0) + (int64_t)before);
	sqlite_statement_bind_u64(st, 3, limit + 1);
	size_t n_allocated = 0;
	uint64_t bytes = 0;
	int rc;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		bytes += (uint64_t)sqlite3_column_bytes(st, 5);
		op->more = op->n_events == limit || (op->limit_bytes != 0 && bytes > op->limit_bytes && op->n_events > 0);
		if (op->more)
			return SQLITE_DONE;
		append(op, event_of_row(st, room), &n_allocated);
	}
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

int read_log_page(struct store_reader *r, struct store_log_page *op)
{
	op->events = NULL;
	op->n_events = 0;
	op->more = false;
	struct uid room;
	int rc = room_id(r, op->room_no, &room);
	if (rc == SQLITE_DONE)
		rc = read_rows(r, op, &room, op->limit != 0 && op->limit < LOG_ROWS_MAX ? op->limit : LOG_ROWS_MAX);
	if (rc != SQLITE_DONE) {
		store_log_page_finish(op);
		return sqlite_fault_of_read(&r->connection, rc, "log_page");
	}
	if (op->newest)
		reverse(op->events, op->n_events);
	return 0;
}
