/* STORE_VERIFY: every promise about the data that can be checked by looking. One read transaction, so it may run while the server does. */
#include "store/sqlite/sqlite_fault.h"
#include "store/work/event_row.h"
#include "store/work/log_damage.h"
#include "store/work/store_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FAULT_LINES_MAX = 100 };

/* Each gives the number of rows that refer to nothing, or that disagree with what they count. */
static const struct {
	const char *what, *sql;
} reference_checks[] = {
	{"memberships of absent users", "SELECT count(*) FROM member WHERE user_no NOT IN (SELECT no FROM account)"},
	{"memberships of absent rooms", "SELECT count(*) FROM member WHERE room_no NOT IN (SELECT no FROM room)"},
	{"members who read past the end of their room",
	 "SELECT count(*) FROM member m JOIN room r ON r.no = m.room_no WHERE m.read_seq > r.last_seq OR m.read_messages > r.n_messages"},
	{"members whose read messages do not agree with the log",
	 "SELECT count(*) FROM member m LEFT JOIN event e ON e.pk = (m.room_no << 36 | m.read_seq) WHERE e.pk IS NULL OR e.n_messages <> m.read_messages"},
	{"rooms with a wrong number of members",
	 "SELECT count(*) FROM room r WHERE n_members <> (SELECT count(*) FROM member m INDEXED BY member_by_room WHERE m.room_no = r.no)"},
	{"tokens of absent users", "SELECT count(*) FROM token WHERE user_no NOT IN (SELECT no FROM account)"},
	{"users made by absent users",
	 "SELECT count(*) FROM account WHERE created_by_no IS NOT NULL AND created_by_no NOT IN (SELECT no FROM account)"},
	{"client ids of absent events",
	 "SELECT count(*) FROM client_id c LEFT JOIN event e ON e.pk = c.event_pk WHERE e.pk IS NULL OR e.author_no IS NOT c.author_no"},
	{"events by absent users", "SELECT count(*) FROM event WHERE author_no IS NOT NULL AND author_no NOT IN (SELECT no FROM account)"},
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
	/* SQLite may repeat what it read. */
	for (char *c = line; *c; c++)
		*c = *c >= ' ' && *c <= '~' ? *c : '?';
	buf_append_str(&op->faults, line);
	buf_append_byte(&op->faults, '\n');
}

static int check_file(struct store_reader *r, struct store_verify *op)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(r->connection->db, "PRAGMA integrity_check(100)", -1, &st, NULL);
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
		int64_t n = sqlite_connection_number(r->connection, reference_checks[i].sql, &rc);
		if (rc == SQLITE_OK && n != 0)
			report(op, "%" PRId64 " %s", n, reference_checks[i].what);
	}
	return rc;
}

struct room_check {
	struct store_reader *reader;
	struct store_verify *op;
	sqlite3_stmt *events;
	uint64_t no, last_seq;
	struct uid id;
	char name[80];            /* for a line: its number and its id */
	uint64_t next, n_counted; /* the seq that is to come; messages up to there */
	bool uncounted;           /* damage came before it: the count begins anew */
	bool damaged;
};

/* The store knows of it from now on. */
static void note(const struct room_check *k, uint64_t from_seq, uint64_t to_seq)
{
	damage_note(k->reader->damage,
		    &(struct damage_place){
			    .room_no = k->no, .room = k->id, .from_seq = from_seq, .to_seq = to_seq, .what = "found by a verification"});
}

static void check_event(struct room_check *k)
{
	struct event_row row;
	struct store_verify *op = k->op;
	bool good = event_row_read_sqlite(k->events, &k->id, &row);
	op->n_events++;
	if (row.seq != k->next && !k->uncounted) {
		report(op, "%s: seq %" PRIu64 " follows %" PRIu64, k->name, row.seq, k->next - 1);
		note(k, k->next, row.seq - 1);
	}
	k->next = row.seq + 1;
	if (!good) {
		report(op, "%s: seq %" PRIu64 " is damaged: it is not what was stored there", k->name, row.seq);
		note(k, row.seq, row.seq);
		k->uncounted = k->damaged = true;
		return;
	}
	k->n_counted += row.type == EVENT_MESSAGE_CREATED ? 1 : 0;
	if (!k->uncounted && row.n_messages != k->n_counted)
		report(op, "%s: seq %" PRIu64 " counts %" PRIu64 " messages, there are %" PRIu64, k->name, row.seq, row.n_messages,
		       k->n_counted);
	k->n_counted = row.n_messages;
	k->uncounted = false;
}

/* Reports the stretch that SQLite cannot read, and goes on behind it. */
static int skip_damage(struct room_check *k)
{
	uint64_t to;
	k->uncounted = k->damaged = true;
	if (k->next > k->last_seq) {
		report(k->op, "%s: its log cannot be read to the end, which is behind seq %" PRIu64, k->name, k->next - 1);
		k->next = k->last_seq + 1;
		return SQLITE_OK;
	}
	int rc = log_damage_reach(k->reader->connection, k->no, &k->id, k->next, k->last_seq, &to);
	if (rc != SQLITE_OK)
		return rc;
	report(k->op, "%s: seq %" PRIu64 " to %" PRIu64 " are damaged: they cannot be read", k->name, k->next, to);
	note(k, k->next, to);
	k->next = to + 1;
	return SQLITE_OK;
}

/* Walks one room's log: 1, 2, 3 … up to what the room says, and as many messages. */
static int check_log(struct room_check *k, uint64_t n_messages)
{
	int rc;
	do {
		sqlite3_reset(k->events);
		sqlite3_bind_int64(k->events, 1, event_pk(k->no, k->next));
		sqlite3_bind_int64(k->events, 2, event_pk(k->no + 1, 0));
		while ((rc = sqlite3_step(k->events)) == SQLITE_ROW)
			check_event(k);
		if (!sqlite_fault_is_damage(rc))
			break;
		rc = skip_damage(k);
	} while (rc == SQLITE_OK && k->next <= k->last_seq);
	sqlite3_reset(k->events);
	if (rc != SQLITE_DONE && rc != SQLITE_OK)
		return rc;
	if (!k->damaged && (k->next - 1 != k->last_seq || k->n_counted != n_messages))
		report(k->op, "%s: it says %" PRIu64 " events and %" PRIu64 " messages, its log has %" PRIu64 " and %" PRIu64, k->name,
		       k->last_seq, n_messages, k->next - 1, k->n_counted);
	return SQLITE_OK;
}

static int check_room(struct store_reader *r, struct store_verify *op, sqlite3_stmt *rooms, sqlite3_stmt *events)
{
	struct room_check k = {.reader = r, .op = op, .events = events, .no = sqlite_statement_u64(rooms, 0), .next = 1};
	char id[UID_TEXT_BYTES + 1];
	op->n_rooms++;
	k.last_seq = sqlite_statement_u64(rooms, 1);
	if (!sqlite_statement_uid(rooms, 3, &k.id)) {
		report(op, "room %" PRIu64 ": its id is damaged", k.no);
		return SQLITE_OK;
	}
	uid_format(&k.id, id);
	snprintf(k.name, sizeof k.name, "room %" PRIu64 " (%s)", k.no, id);
	return check_log(&k, sqlite_statement_u64(rooms, 2));
}

static int check_rooms(struct store_reader *r, struct store_verify *op)
{
	sqlite3_stmt *rooms = NULL, *events = NULL;
	sqlite3 *db = r->connection->db;
	int rc = sqlite3_prepare_v2(db, "SELECT no, last_seq, n_messages, id FROM room ORDER BY no", -1, &rooms, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, "SELECT " EVENT_COLUMNS " FROM event e WHERE e.pk >= ?1 AND e.pk < ?2 ORDER BY e.pk", -1,
					&events, NULL);
	while (rc == SQLITE_OK) {
		rc = sqlite3_step(rooms);
		if (rc != SQLITE_ROW)
			break;
		rc = check_room(r, op, rooms, events);
	}
	sqlite3_finalize(rooms);
	sqlite3_finalize(events);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int begin(struct store_reader *r, struct store_verify *op)
{
	(void)op;
	return sqlite_statement_run(sqlite_statement(r->connection, ST_BEGIN_READ));
}

int read_verify(struct store_reader *r, struct store_verify *op)
{
	op->n_rooms = op->n_events = op->n_faults = 0;
	op->faults = BUF_INIT;
	uint64_t n_met = damage_n_met(r->damage);
	static int (*const checks[])(struct store_reader * r, struct store_verify * op) = {begin, check_file, check_rooms,
											   check_references};
	int rc = SQLITE_OK;
	/* Whoever asks whether the file is damaged wants to be told so, and where else it is. */
	for (size_t i = 0; i < sizeof checks / sizeof checks[0] && (rc == SQLITE_OK || sqlite_fault_is_damage(rc)); i++) {
		char reason[200];
		rc = checks[i](r, op);
		if (rc != SQLITE_OK)
			report(op, "the check could not go on: %s", sqlite_connection_reason(r->connection, reason, sizeof reason));
	}
	if (!sqlite3_get_autocommit(r->connection->db))
		sqlite_statement_run(sqlite_statement(r->connection, ST_COMMIT));
	if (op->n_faults == 0)
		damage_forget(r->damage, n_met);
	return 0;
}
