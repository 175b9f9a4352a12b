/* STORE_SUBSCRIPTION_READ and STORE_SUBSCRIPTION_ASIDE: the bytes that were committed, as they were. */
#include "base/memory.h"
#include "store/work/event_row.h"
#include "store/work/store_reader.h"
#include "store/work/subscription_find.h"
#include "store/work/subscription_row.h"

#include <errno.h>

enum { EVENTS_MAX = 1000 };

#define HANDED_OUT(condition) \
	"SELECT " EVENT_COLUMNS \
	", r.id, x.tries, x.delivery, x.worker FROM subscription_event x JOIN subscription s ON s.no = x.subscription_no" \
	" JOIN room r ON r.no = x.room_no JOIN event e ON e.pk = (x.room_no << 36 | x.seq) WHERE x.subscription_no = $1" \
	" AND " EVENT_IS_READABLE " AND " condition
/* Where the order is per_room, nothing that is behind another one in its room that is due later: it comes when that one has been dealt with. */
#define DUE(now) \
	HANDED_OUT("x.state = 0 AND x.next_ms <= $3 + " now \
		   " AND (s.ordering = 0 OR NOT EXISTS (SELECT 1 FROM subscription_event y WHERE y.subscription_no = x.subscription_no" \
		   " AND y.room_no = x.room_no AND y.state = 0 AND y.seq < x.seq AND y.next_ms > x.next_ms" \
		   ")) ORDER BY x.next_ms, x.room_no, x.seq LIMIT $2")
static const struct db_statement due = {.sql = DUE(NOW_MS_SQLITE), .postgres = DUE(NOW_MS_POSTGRES), .parameters = "nnn"};
static const struct db_statement aside = {.sql = HANDED_OUT("x.state = 1 AND x.delivery > $2 ORDER BY x.delivery LIMIT $3"),
					  .parameters = "nnn"};
#define COUNTS(now) \
	"SELECT x.state, count(*), min(x.next_ms) - " now " FROM subscription_event x JOIN subscription s ON s.no = x.subscription_no" \
	" WHERE x.subscription_no = $1 AND " EVENT_IS_READABLE " GROUP BY x.state"
static const struct db_statement counts = {.sql = COUNTS(NOW_MS_SQLITE), .postgres = COUNTS(NOW_MS_POSTGRES), .parameters = "n"};
static const struct db_statement token_is_good = {.sql = "SELECT 1 FROM token WHERE hash = $1 AND user_no = $2", .parameters = "bn"};
/* Rooms with something behind the cursor, those behind $2 first. */
static const struct db_statement rooms_behind = {
	.sql = "SELECT no, id, seq, last_seq FROM (SELECT r.no, r.id, coalesce(c.seq, m.joined_seq) AS seq, r.last_seq"
	       " FROM subscription s JOIN member m ON m.user_no = s.owner_no"
	       " JOIN room r ON r.no = m.room_no LEFT JOIN subscription_room c ON c.subscription_no = s.no AND c.room_no = r.no"
	       " WHERE s.no = $1 AND r.last_seq > coalesce(c.seq, m.joined_seq) AND " ROOM_IS_OPEN
	       " UNION ALL SELECT r.no, r.id, coalesce(c.seq, 0), r.last_seq FROM subscription s CROSS JOIN" SERVER_EVENTS_PLACE
	       " AND s.no = $1 AND r.last_seq > coalesce(c.seq, 0) AND " ROOM_IS_OPEN ") AS behind"
	       " ORDER BY CASE WHEN no > $2 THEN 0 ELSE 1 END, no LIMIT $3",
	.parameters = "nnn"};
static const struct db_statement events_behind = {
	.sql = "SELECT " EVENT_COLUMNS " FROM event e WHERE e.pk > $1 AND e.pk <= $2 ORDER BY e.pk LIMIT $3", .parameters = "nnn"};

/* What is given, up to both limits. */
struct page {
	struct subscription_event *events;
	size_t n, limit;
	uint64_t bytes, limit_bytes;
	bool is_full; /* and there was one more */
};

static void page_begin(struct page *p, uint64_t limit, uint64_t limit_bytes)
{
	*p = (struct page){.limit = limit < EVENTS_MAX ? (size_t)limit : EVENTS_MAX, .limit_bytes = limit_bytes};
	p->events = mem_zalloc((p->limit + 1) * sizeof p->events[0]);
}

/* False: the page is full, or the row is damaged (READ_NO_SENSE in *result). The columns of the answer begin with EVENT_COLUMNS. */
static bool page_add(struct page *p, struct db_answer *answer, uint64_t room_no, const struct uid *room, uint64_t seq, int *result)
{
	struct event_row row;
	if (!event_row_read(answer, room, &row) || (seq != 0 && row.seq != seq)) {
		*result = READ_NO_SENSE;
		return false;
	}
	p->is_full = p->n == p->limit || (p->limit_bytes != 0 && p->n > 0 && p->bytes + row.json.n > p->limit_bytes);
	if (p->is_full)
		return false;
	p->bytes += row.json.n;
	p->events[p->n++].event = event_of_row(&row, room, room_no);
	return true;
}

/* Events that were handed out. One that is damaged is noted and left out. */
static int add_handed_out(struct store_reader *r, struct page *p, struct db_answer *answer)
{
	enum { ROOM = EVENT_COLUMN_COUNT, TRIES, DELIVERY, WORKER };
	int result;
	while ((result = db_row(answer)) == DB_ROW && !p->is_full) {
		struct uid room;
		uint64_t room_no = db_column_number(answer, 0) >> SEQ_BITS, seq = event_pk_seq(db_column_signed(answer, 0));
		if (!db_column_uid(answer, ROOM, &room))
			return READ_NO_SENSE;
		if (page_add(p, answer, room_no, &room, 0, &result)) {
			struct subscription_event *last = &p->events[p->n - 1];
			last->tries = db_column_number(answer, TRIES);
			last->delivery = db_column_number(answer, DELIVERY);
			last->worker = db_column_copy(answer, WORKER);
		} else if (result == READ_NO_SENSE) {
			(void)store_reader_met_damage(r, &(struct damage_place){.room_no = room_no,
										.room = room,
										.from_seq = seq,
										.to_seq = seq,
										.what = "an event that was handed out"});
		}
	}
	return result < 0 ? result : DB_OK;
}

struct room_behind {
	uint64_t no, seq, last_seq;
	struct uid id;
	struct db_answer *events;
};

static int read_rooms_behind(struct db_answer *answer, struct room_behind *rooms, size_t *n)
{
	int result;
	for (*n = 0; *n < SUBSCRIPTION_ROOMS_AT_ONCE && (result = db_row(answer)) == DB_ROW; ++*n) {
		struct room_behind *room = &rooms[*n];
		*room = (struct room_behind){.no = db_column_number(answer, 0), .seq = db_column_number(answer, 2)};
		room->last_seq = db_column_number(answer, 3);
		if (!db_column_uid(answer, 1, &room->id) || room->last_seq <= room->seq)
			return READ_NO_SENSE;
	}
	return *n < SUBSCRIPTION_ROOMS_AT_ONCE && result < 0 ? result : DB_OK;
}

/* The events of a room. Where the next one cannot be read, the room has none for now, and it is noted. */
static int add_events(struct store_reader *r, struct page *p, struct room_behind *room)
{
	uint64_t next = room->seq + 1;
	int result;
	while ((result = db_row(room->events)) == DB_ROW && page_add(p, room->events, room->no, &room->id, next, &result))
		next++;
	if (!p->is_full && (store_reader_is_damage(result) || (result == DB_DONE && next == room->seq + 1))) {
		(void)store_reader_met_damage(r, &(struct damage_place){.room_no = room->no,
									.room = room->id,
									.from_seq = next,
									.to_seq = next,
									.what = "an event behind a cursor"});
		return DB_OK;
	}
	return result < 0 ? result : DB_OK;
}

/* A share of the page for each room: those that are asked for together are answered together. */
static int add_behind(struct store_reader *r, struct store_subscription_read *op, struct page *p, struct db_answer *behind)
{
	struct room_behind rooms[SUBSCRIPTION_ROOMS_AT_ONCE];
	size_t n;
	int result = read_rooms_behind(behind, rooms, &n);
	if (result != DB_OK)
		return result;
	size_t left = p->limit - p->n, n_asked = n < left ? n : left;
	for (size_t i = 0; i < n_asked; i++) {
		int64_t start = event_pk(rooms[i].no, 0);
		size_t share = left / n_asked + (i < left % n_asked ? 1 : 0);
		rooms[i].events = db_ask(r->db, &events_behind, db_signed(start + (int64_t)rooms[i].seq),
					 db_signed(start + (int64_t)rooms[i].last_seq), db_number(share));
		op->more |= rooms[i].last_seq - rooms[i].seq > share;
	}
	for (size_t i = 0; i < n_asked; i++) {
		if (result == DB_OK && !p->is_full)
			result = add_events(r, p, &rooms[i]);
		db_done(rooms[i].events);
	}
	op->more |= p->is_full || n_asked < n || n == SUBSCRIPTION_ROOMS_AT_ONCE;
	return result;
}

static int read_counts(struct db_answer *answer, struct store_subscription_read *op)
{
	int result;
	while ((result = db_row(answer)) == DB_ROW) {
		bool waits = db_column_signed(answer, 0) == SUBSCRIPTION_EVENT_WAITS;
		int64_t next_ms = db_column_signed(answer, 2);
		*(waits ? &op->n_waiting : &op->n_aside) = db_column_number(answer, 1);
		if (waits)
			op->next_ms = next_ms > 0 ? (uint64_t)next_ms : 0;
	}
	return result == DB_DONE ? DB_OK : result;
}

static int read_all(struct store_reader *r, struct store_subscription_read *op, struct page *p)
{
	uint64_t no = op->subscription.no;
	auto_answer *token = op->by_token ? db_ask(r->db, &token_is_good, db_bytes(op->token_hash, SECRET_HASH_BYTES),
						   db_number(op->subscription.owner_no))
					  : NULL;
	auto_answer *counted = db_ask(r->db, &counts, db_number(no));
	auto_answer *again = db_ask(r->db, &due, db_number(no), db_number(p->limit + 1), db_number(op->ahead_ms));
	auto_answer *behind =
		db_ask(r->db, &rooms_behind, db_number(no), db_number(op->after_room_no), db_number(SUBSCRIPTION_ROOMS_AT_ONCE));
	int result = token ? db_row(token) : DB_ROW;
	if (result != DB_ROW)
		return result == DB_DONE ? READ_NO_MEMBER : result;
	result = read_counts(counted, op);
	if (result == DB_OK)
		result = add_handed_out(r, p, again);
	op->n_again = p->n;
	op->more = p->is_full;
	return result == DB_OK && !p->is_full ? add_behind(r, op, p, behind) : result;
}

int read_subscription_read(struct store_reader *r, struct store_subscription_read *op)
{
	struct page p;
	op->events = NULL;
	op->n_again = op->n_events = 0;
	op->more = false;
	op->n_waiting = op->n_aside = 0;
	op->next_ms = UINT64_MAX;
	int result = subscription_find(r, &op->which, &op->subscription);
	if (result != DB_ROW)
		return result == DB_DONE ? -ENOENT : store_reader_failed(r, result, "subscription_read");
	page_begin(&p, op->limit, op->limit_bytes);
	result = read_all(r, op, &p);
	op->events = p.events;
	op->n_events = p.n;
	if (result == DB_OK)
		return 0;
	store_subscription_read_finish(op);
	return store_reader_failed(r, result, "subscription_read");
}

int read_subscription_aside(struct store_reader *r, struct store_subscription_aside *op)
{
	struct page p;
	page_begin(&p, op->limit, op->limit_bytes);
	auto_answer *answer = db_ask(r->db, &aside, db_number(op->subscription_no), db_number(op->after_delivery), db_number(p.limit + 1));
	int result = add_handed_out(r, &p, answer);
	op->events = p.events;
	op->n_events = p.n;
	op->more = p.is_full;
	if (result == DB_OK)
		return 0;
	store_subscription_aside_finish(op);
	return store_reader_failed(r, result, "subscription_aside");
}
