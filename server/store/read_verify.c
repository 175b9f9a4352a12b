/* STORE_VERIFY: every promise about the data that can be checked by looking. One read transaction, so it may run while the server does. */
#include "store/sqlite_fault.h"
#include "store/store_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FAULT_LINES_MAX = 100 };

/* Each gives the number of rows that refer to nothing, or that disagree with what they count. */
static const struct {
	const char *what, *sql;
} reference_checks[] = {
	{"memberships of absent users", "SELECT count(*) FROM member WHERE user_no NOT IN (SELECT no FROM user)"},
	{"memberships of absent rooms", "SELECT count(*) FROM member WHERE room_no NOT IN (SELECT no FROM room)"},
	{"members who read past the end of their room",
	 "SELECT count(*) FROM member m JOIN room r ON r.no = m.room_no WHERE m.read_seq > r.last_seq OR m.read_messages > r.n_messages"},
	{"members whose read messages do not agree with the log",
	 "SELECT count(*) FROM member m LEFT JOIN event e ON e.pk = (m.room_no << 36 | m.read_seq) WHERE e.pk IS NULL OR e.n_messages <> m.read_messages"},
	{"rooms with a wrong number of members",
	 "SELECT count(*) FROM room r WHERE n_members <> (SELECT count(*) FROM member m INDEXED BY member_by_room WHERE m.room_no = r.no)"},
	{"tokens of absent users", "SELECT count(*) FROM token WHERE user_no NOT IN (SELECT no FROM user)"},
	{"users made by absent users",
	 "SELECT count(*) FROM user WHERE created_by_no IS NOT NULL AND created_by_no NOT IN (SELECT no FROM user)"},
	{"client ids of absent events",
	 "SELECT count(*) FROM client_id c LEFT JOIN event e ON e.pk = c.event_pk WHERE e.pk IS NULL OR e.author_no IS NOT c.author_no"},
	{"events by absent users", "SELECT count(*) FROM event WHERE author_no IS NOT NULL AND author_no NOT IN (SELECT no FROM user)"},
	{"events about a later event", "SELECT count(*) FROM event WHERE target_seq >= (pk & ((1 << 36) - 1))"},
	{"events of absent rooms",
	 "SELECT count(*) FROM event WHERE pk < (1 << 36) OR pk > ((SELECT ifnull(max(no), 0) FROM room) + 1) << 36"},
};

static void __attribute__((format(printf, 2, 3))) report(struct store_verify *op, const char *format, ...)
{
	if (op->n_faults++ >= FAULT_LINES_MAX)
		return;
	char line[300];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	buf_append_str(&op->faults, line);
	buf_append_byte(&op->faults, '\n');
}

static int check_file(struct store_reader *r, struct store_verify *op)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(r->connection.db, "PRAGMA integrity_check(100)", -1, &st, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(st);
		const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
		if (text && strcmp(text, "ok") != 0)
			report(op, "the file: %s", text);
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int check_references(struct store_reader *r, struct store_verify *op)
{
	int rc = SQLITE_OK;
	for (size_t i = 0; i < sizeof reference_checks / sizeof reference_checks[0] && rc == SQLITE_OK; i++) {
		int64_t n = sqlite_connection_number(&r->connection, reference_checks[i].sql, &rc);
		if (rc == SQLITE_OK && n != 0)
			report(op, "%" PRId64 " %s", n, reference_checks[i].what);
	}
	return rc;
}

/* The event's own JSON says the seq it is stored under. */
static bool json_has_seq(sqlite3_stmt *st, uint64_t seq)
{
	const char *json = (const char *)sqlite3_column_text(st, 2);
	char member[40];
	snprintf(member, sizeof member, "\"seq\":%" PRIu64 ",", seq);
	return json && strstr(json, member);
}

/* Walks one room's log: 1, 2, 3 … up to what the room says, and as many messages. */
static int check_log(sqlite3_stmt *st, struct store_verify *op, uint64_t room_no, uint64_t last_seq, uint64_t n_messages)
{
	sqlite3_bind_int64(st, 1, event_pk(room_no, 0));
	sqlite3_bind_int64(st, 2, event_pk(room_no + 1, 0));
	uint64_t expected = 1, counted = 0;
	int rc;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		uint64_t seq = event_pk_seq(sqlite3_column_int64(st, 0));
		op->n_events++;
		if (seq != expected)
			report(op, "room %" PRIu64 ": seq %" PRIu64 " follows %" PRIu64, room_no, seq, expected - 1);
		expected = seq + 1;
		counted += sqlite3_column_int(st, 1) == EVENT_MESSAGE_CREATED ? 1 : 0;
		if (sqlite_statement_u64(st, 3) != counted)
			report(op, "room %" PRIu64 ": seq %" PRIu64 " counts %" PRIu64 " messages, there are %" PRIu64, room_no, seq,
			       sqlite_statement_u64(st, 3), counted);
		counted = sqlite_statement_u64(st, 3);
		if (!json_has_seq(st, seq))
			report(op, "room %" PRIu64 ": the event at seq %" PRIu64 " says another seq", room_no, seq);
	}
	sqlite3_reset(st);
	if (expected - 1 != last_seq || counted != n_messages)
		report(op, "room %" PRIu64 ": it says %" PRIu64 " events and %" PRIu64 " messages, its log has %" PRIu64 " and %" PRIu64,
		       room_no, last_seq, n_messages, expected - 1, counted);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int check_rooms(struct store_reader *r, struct store_verify *op)
{
	sqlite3_stmt *rooms = NULL, *events = NULL;
	sqlite3 *db = r->connection.db;
	int rc = sqlite3_prepare_v2(db, "SELECT no, last_seq, n_messages FROM room ORDER BY no", -1, &rooms, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, "SELECT pk, type, json, n_messages FROM event WHERE pk > ?1 AND pk < ?2 ORDER BY pk", -1,
					&events, NULL);
	while (rc == SQLITE_OK) {
		rc = sqlite3_step(rooms);
		if (rc != SQLITE_ROW)
			break;
		op->n_rooms++;
		rc = check_log(events, op, sqlite_statement_u64(rooms, 0), sqlite_statement_u64(rooms, 1), sqlite_statement_u64(rooms, 2));
	}
	sqlite3_finalize(rooms);
	sqlite3_finalize(events);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int read_verify(struct store_reader *r, struct store_verify *op)
{
	op->n_rooms = op->n_events = op->n_faults = 0;
	op->faults = BUF_INIT;
	int rc = sqlite_statement_run(sqlite_statement(&r->connection, ST_BEGIN_READ));
	if (rc == SQLITE_OK)
		rc = check_file(r, op);
	if (rc == SQLITE_OK)
		rc = check_rooms(r, op);
	if (rc == SQLITE_OK)
		rc = check_references(r, op);
	/* Whoever asks whether the file is damaged wants to be told so. */
	char reason[200];
	if (rc != SQLITE_OK)
		report(op, "the check could not go on: %s", sqlite_connection_reason(&r->connection, reason, sizeof reason));
	if (!sqlite3_get_autocommit(r->connection.db))
		sqlite_statement_run(sqlite_statement(&r->connection, ST_COMMIT));
	return 0;
}
