/* STORE_VERIFY: every promise about the data that can be checked by looking. One read transaction, so it may run while the server does. */
#include "base/memory.h"
#include "store/server_events.h"
#include "store/work/event_row.h"
#include "store/work/log_damage.h"
#include "store/work/store_reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FAULT_LINES_MAX = 100 };

/* The types of events that change a message, for SQL. */
#define CHANGES_SQL "(8, 9)"
static_assert(EVENT_MESSAGE_EDITED == 8 && EVENT_MESSAGE_DELETED == 9, "the SQL says so");

/* Each gives the number of rows that refer to nothing, or that disagree with what they count. */
#define COUNT(condition) \
	{ \
		.sql = "SELECT count(*) FROM " condition, .parameters = "" \
	}
#define ABSENT_USER(no) "NOT EXISTS (SELECT 1 FROM account u WHERE u.no = " no ")"
#define WRONG_MEMBERS(hint) "SELECT count(*) FROM room r WHERE n_members <> (SELECT count(*) FROM member m" hint " WHERE m.room_no = r.no)"
static const struct {
	const char *what;
	struct db_statement count;
} reference_checks[] = {
	{"memberships of absent users", COUNT("member m WHERE " ABSENT_USER("m.user_no"))},
	{"memberships of absent rooms", COUNT("member m WHERE NOT EXISTS (SELECT 1 FROM room r WHERE r.no = m.room_no)")},
	{"members who read past the end of their room",
	 COUNT("member m JOIN room r ON r.no = m.room_no WHERE m.read_seq > r.last_seq OR m.read_messages > r.n_messages")},
	{"members whose read messages do not agree with the log",
	 COUNT("member m LEFT JOIN event e ON e.pk = (m.room_no << 36 | m.read_seq)"
	       " WHERE e.pk IS NULL OR e.n_messages <> m.read_messages")},
	{"rooms with a wrong number of members",
	 {.sql = WRONG_MEMBERS(" INDEXED BY member_by_room"), .postgres = WRONG_MEMBERS(""), .parameters = ""}},
	{"tokens of absent users", COUNT("token t WHERE " ABSENT_USER("t.user_no"))},
	{"hooks without an account of their own",
	 COUNT("hook h WHERE NOT EXISTS (SELECT 1 FROM account u WHERE u.no = h.account_no AND u.kind = 3)")},
	{"hooks of absent rooms", COUNT("hook h WHERE NOT EXISTS (SELECT 1 FROM room r WHERE r.no = h.room_no)")},
	{"users made by absent users", COUNT("account a WHERE a.created_by_no IS NOT NULL AND " ABSENT_USER("a.created_by_no"))},
	{"client ids of absent events",
	 COUNT("client_id c LEFT JOIN event e ON e.pk = c.event_pk WHERE e.pk IS NULL OR e.author_no IS DISTINCT FROM c.author_no")},
	{"subscriptions of absent users", COUNT("subscription s WHERE " ABSENT_USER("s.owner_no"))},
	{"subscriptions that read past the end of a room, or of absent ones",
	 COUNT("subscription_room c LEFT JOIN room r ON r.no = c.room_no LEFT JOIN subscription s ON s.no = c.subscription_no"
	       " WHERE s.no IS NULL OR r.no IS NULL OR c.seq > r.last_seq")},
	{"events that were handed out and are not there, or by absent subscriptions",
	 COUNT("subscription_event x LEFT JOIN event e ON e.pk = (x.room_no << 36 | x.seq)"
	       " LEFT JOIN subscription s ON s.no = x.subscription_no WHERE s.no IS NULL OR e.pk IS NULL")},
	{"changes of messages that are not in the log",
	 COUNT("message_change c LEFT JOIN event e ON e.pk = (c.room_no << 36 | c.change_seq)"
	       " WHERE e.pk IS NULL OR e.type NOT IN " CHANGES_SQL " OR e.target_seq IS DISTINCT FROM c.message_seq")},
	{"changes of messages that are not found with their message",
	 COUNT("event e LEFT JOIN message_change c ON c.room_no = e.pk >> 36 AND c.message_seq = e.target_seq"
	       " WHERE e.type IN " CHANGES_SQL " AND (c.change_seq IS NULL OR c.change_seq < (e.pk & 68719476735))")},
	{"events by absent users", COUNT("event e WHERE e.author_no IS NOT NULL AND " ABSENT_USER("e.author_no"))},
	{"events about a later event", COUNT("event WHERE target_seq >= (pk & 68719476735)")}, /* 2^36 - 1 */
	{"events of absent rooms",
	 COUNT("event WHERE pk < 68719476736 OR (pk < CAST(" SERVER_EVENTS_ROOM_NO_SQL " AS BIGINT) << 36"
	       " AND pk > ((SELECT coalesce(max(no), 0) FROM room WHERE no < " SERVER_EVENTS_ROOM_NO_SQL ") + 1) << 36)")},
};

/* Pages, so that a database that makes all rows of an answer at once makes few. */
enum { ROOMS_AT_ONCE = 500, EVENTS_AT_ONCE = 500 };
static const struct db_statement rooms_after = {
	.sql = "SELECT no, last_seq, n_messages, id FROM room WHERE no > $1 ORDER BY no LIMIT $2",
	.parameters = "nn",
};
static const struct db_statement events_from = {
	.sql = "SELECT " EVENT_COLUMNS " FROM event e WHERE e.pk >= $1 AND e.pk < $2 ORDER BY e.pk LIMIT $3",
	.parameters = "nnn",
};

void read_verify_report(struct store_verify *op, const char *format, ...)
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

static int check_ground(struct store_reader *r, struct store_verify *op)
{
	return r->driver->methods->check_ground ? r->driver->methods->check_ground(r->db, op) : DB_OK;
}

/* A transaction in which a count may go through a whole table. */
static int begin_to_look(struct store_reader *r)
{
	int result = db_begin(r->db, false);
	return result == DB_OK && r->driver->methods->take_long ? r->driver->methods->take_long(r->db) : result;
}

static int check_references(struct store_reader *r, struct store_verify *op)
{
	enum { N = sizeof reference_checks / sizeof reference_checks[0] };
	struct db_answer *counts[N];
	int result = DB_ROW;
	for (size_t i = 0; i < N; i++)
		counts[i] = db_ask_plain(r->db, &reference_checks[i].count);
	for (size_t i = 0; i < N; i++) {
		if (result == DB_ROW)
			result = db_row(counts[i]);
		int64_t n = result == DB_ROW ? db_column_signed(counts[i], 0) : 0;
		if (n != 0)
			read_verify_report(op, "%" PRId64 " %s", n, reference_checks[i].what);
		db_done(counts[i]);
	}
	return result == DB_ROW ? DB_OK : result;
}

struct room_head {
	uint64_t no, last_seq, n_messages;
	struct uid id;
	bool has_id;
};

struct room_check {
	struct store_reader *reader;
	struct store_verify *op;
	const struct room_head *room;
	char name[80];            /* for a line: its number and its id */
	uint64_t next, n_counted; /* the seq that is to come; messages up to there */
	bool uncounted;           /* damage came before it: the count begins anew */
	bool damaged;
	bool later; /* what is read now is of a later moment than the room's head */
};

/* The store knows of it from now on. */
static void note(const struct room_check *k, uint64_t from_seq, uint64_t to_seq)
{
	damage_note(k->reader->damage, &(struct damage_place){.room_no = k->room->no,
							      .room = k->room->id,
							      .from_seq = from_seq,
							      .to_seq = to_seq,
							      .what = "found by a verification"});
}

static void check_event(struct room_check *k, struct db_answer *events)
{
	struct event_row row;
	struct store_verify *op = k->op;
	bool good = event_row_read(events, &k->room->id, &row);
	op->n_events++;
	if (row.seq != k->next && !k->uncounted) {
		read_verify_report(op, "%s: seq %" PRIu64 " follows %" PRIu64, k->name, row.seq, k->next - 1);
		note(k, k->next, row.seq - 1);
	}
	k->next = row.seq + 1;
	if (!good) {
		read_verify_report(op, "%s: seq %" PRIu64 " is damaged: it is not what was stored there", k->name, row.seq);
		note(k, row.seq, row.seq);
		k->uncounted = k->damaged = true;
		return;
	}
	k->n_counted += row.type == EVENT_MESSAGE_CREATED ? 1 : 0;
	if (!k->uncounted && row.n_messages != k->n_counted)
		read_verify_report(op, "%s: seq %" PRIu64 " counts %" PRIu64 " messages, there are %" PRIu64, k->name, row.seq,
				   row.n_messages, k->n_counted);
	k->n_counted = row.n_messages;
	k->uncounted = false;
}

/* Reports the stretch that cannot be read, and goes on behind it, in a transaction of its own: damage has ended the one before. */
static int skip_damage(struct room_check *k)
{
	uint64_t to;
	struct db *db = k->reader->db;
	k->uncounted = k->damaged = k->later = true;
	(void)db_rollback(db);
	if (k->next > k->room->last_seq) {
		read_verify_report(k->op, "%s: its log cannot be read to the end, which is behind seq %" PRIu64, k->name, k->next - 1);
		k->next = k->room->last_seq + 1;
		return begin_to_look(k->reader);
	}
	int result = log_damage_reach(db, k->room->no, &k->room->id, k->next, k->room->last_seq, &to);
	if (result != DB_OK)
		return result;
	read_verify_report(k->op, "%s: seq %" PRIu64 " to %" PRIu64 " are damaged: they cannot be read", k->name, k->next, to);
	note(k, k->next, to);
	k->next = to + 1;
	return begin_to_look(k->reader);
}

/* A page of the log. DB_DONE, and *n_rows says how many there were; or a failure. */
static int check_events(struct room_check *k, size_t *n_rows)
{
	int result;
	auto_answer *events = db_ask(k->reader->db, &events_from, db_signed(event_pk(k->room->no, k->next)),
				     db_signed(event_pk(k->room->no + 1, 0)), db_number(EVENTS_AT_ONCE));
	for (*n_rows = 0; (result = db_row(events)) == DB_ROW; ++*n_rows)
		check_event(k, events);
	return result;
}

/* Walks one room's log: 1, 2, 3 … up to what the room says, and as many messages. */
static int check_log(struct room_check *k)
{
	bool more = true;
	while (more) {
		size_t n_rows;
		int result = check_events(k, &n_rows);
		more = n_rows == EVENTS_AT_ONCE;
		if (result == DB_DAMAGED) {
			result = skip_damage(k);
			more = k->next <= k->room->last_seq;
		}
		if (result < 0)
			return result;
	}
	if (!k->damaged && (k->next - 1 != k->room->last_seq || k->n_counted != k->room->n_messages))
		read_verify_report(k->op, "%s: it says %" PRIu64 " events and %" PRIu64 " messages, its log has %" PRIu64 " and %" PRIu64,
				   k->name, k->room->last_seq, k->room->n_messages, k->next - 1, k->n_counted);
	return DB_OK;
}

static int check_room(struct store_reader *r, struct store_verify *op, const struct room_head *room, bool *later)
{
	/* The server's logs are not counted. That of notices begins where old ones were cleared away. */
	bool is_log = room->no == SERVER_LOG_ROOM_NO, is_hidden = room_no_is_hidden(room->no);
	struct room_check k = {.reader = r, .op = op, .room = room, .next = 1, .uncounted = is_log};
	uint64_t n_events = op->n_events;
	char id[UID_TEXT_BYTES + 1];
	op->n_rooms += !is_hidden;
	if (!room->has_id) {
		read_verify_report(op, "room %" PRIu64 ": its id is damaged", room->no);
		return DB_OK;
	}
	uid_format(&room->id, id);
	snprintf(k.name, sizeof k.name, "room %" PRIu64 " (%s)", room->no, id);
	int result = check_log(&k);
	if (is_hidden)
		op->n_events = n_events;
	*later = k.later;
	return result;
}

/* `most` rooms at most. DB_DONE, or a failure. */
static int read_heads(struct store_reader *r, uint64_t after_no, size_t most, struct room_head *heads, size_t *n_heads)
{
	int result;
	auto_answer *rooms = db_ask(r->db, &rooms_after, db_number(after_no), db_number(most));
	for (*n_heads = 0; (result = db_row(rooms)) == DB_ROW; ++*n_heads) {
		struct room_head *head = &heads[*n_heads];
		head->no = db_column_number(rooms, 0);
		head->last_seq = db_column_number(rooms, 1);
		head->n_messages = db_column_number(rooms, 2);
		head->has_id = db_column_uid(rooms, 3, &head->id);
	}
	return result;
}

/* The next page of them. Those before one that cannot be read are read again without it, since damage has ended the transaction. The next page fails then. */
static int read_page_of_heads(struct store_reader *r, uint64_t after_no, struct room_head *heads, size_t *n_heads)
{
	int result = read_heads(r, after_no, ROOMS_AT_ONCE, heads, n_heads);
	if (result != DB_DAMAGED || *n_heads == 0)
		return result;
	(void)db_rollback(r->db);
	result = begin_to_look(r);
	return result == DB_OK ? read_heads(r, after_no, *n_heads, heads, n_heads) : result;
}

/* A room is compared with its log of the same moment: where that has passed, the rooms that follow are read again. */
static int check_rooms(struct store_reader *r, struct store_verify *op)
{
	auto_free struct room_head *heads = mem_alloc(ROOMS_AT_ONCE * sizeof heads[0]);
	uint64_t after_no = 0;
	size_t n_heads;
	int result;
	do {
		bool later = false;
		result = read_page_of_heads(r, after_no, heads, &n_heads);
		for (size_t i = 0; i < n_heads && result >= 0 && !later; i++) {
			result = check_room(r, op, &heads[i], &later);
			after_no = heads[i].no;
		}
	} while (result >= 0 && n_heads != 0);
	return result < 0 ? result : DB_OK;
}

int read_verify(struct store_reader *r, struct store_verify *op)
{
	op->n_rooms = op->n_events = op->n_faults = 0;
	op->faults = BUF_INIT;
	uint64_t n_met = damage_n_met(r->damage);
	static int (*const checks[])(struct store_reader * r, struct store_verify * op) = {check_ground, check_rooms, check_references};
	int result = DB_OK;
	/* Whoever asks whether the file is damaged wants to be told so, and where else it is. */
	for (size_t i = 0; i < sizeof checks / sizeof checks[0] && (result == DB_OK || result == DB_DAMAGED); i++) {
		char reason[200];
		result = i == 0 || result == DB_DAMAGED ? begin_to_look(r) : DB_OK;
		if (result == DB_OK)
			result = checks[i](r, op);
		if (result == DB_OK || result == DB_AWAY)
			continue;
		read_verify_report(op, "the check could not go on: %s", db_reason(r->db, reason, sizeof reason));
		(void)db_rollback(r->db);
	}
	if (result == DB_AWAY) {
		(void)db_rollback(r->db);
		return store_reader_failed(r, result, "verify"); /* nothing is said of what was not looked at */
	}
	if (result == DB_OK)
		(void)db_rollback(r->db); /* there is nothing to commit */
	if (op->n_faults == 0)
		damage_forget(r->damage, n_met);
	return 0;
}
