/* STORE_SUBSCRIPTION_FIND, STORE_SUBSCRIPTION_PAGE, STORE_SUBSCRIPTION_NEWS and STORE_SUBSCRIPTION_LAG. */
#include "base/memory.h"
#include "store/work/store_reader.h"
#include "store/work/subscription_find.h"
#include "store/work/subscription_row.h"

#include <errno.h>

enum { PAGE_ROWS_MAX = 1000 };

#define FIND(now, which) "SELECT " SUBSCRIPTION_COLUMNS(now) " FROM subscription s WHERE " which
#define BY_NO "s.no = $1"
#define OF_OWNER "s.owner_no = $1 AND s.kind = $2 AND (s.id = $3 OR s.name = $4)"
static const struct db_statement by_no = {.sql = FIND(NOW_MS_SQLITE, BY_NO), .postgres = FIND(NOW_MS_POSTGRES, BY_NO), .parameters = "n"};
static const struct db_statement of_owner = {
	.sql = FIND(NOW_MS_SQLITE, OF_OWNER), .postgres = FIND(NOW_MS_POSTGRES, OF_OWNER), .parameters = "nnbt"};

/* Where it is in each room of its owner, of tables s, m, r and c. */
#define ROOMS_OF_OWNER \
	" FROM member m JOIN room r ON r.no = m.room_no LEFT JOIN subscription_room c ON c.subscription_no = s.no AND c.room_no = m.room_no" \
	" WHERE m.user_no = s.owner_no AND r.last_seq > coalesce(c.seq, m.joined_seq)"
/* The same of server-wide events. */
#define SERVER_EVENTS_BEHIND " FROM" SERVER_EVENTS_PLACE " AND r.last_seq > coalesce(c.seq, 0)"
#define IN_STATE(state) \
	"(SELECT count(*) FROM subscription_event x WHERE x.subscription_no = s.no AND x.state = " state " AND " EVENT_IS_READABLE ")"
#define PAGE(now, whose) \
	"SELECT " SUBSCRIPTION_COLUMNS(now) ", " IN_STATE("0") ", " IN_STATE( \
		"1") "," \
		     " (SELECT CAST(coalesce(sum(r.last_seq - coalesce(c.seq, m.joined_seq)), 0) AS BIGINT)" ROOMS_OF_OWNER ")" \
		     " + (SELECT CAST(coalesce(sum(r.last_seq - coalesce(c.seq, 0)), 0) AS BIGINT)" SERVER_EVENTS_BEHIND ")" \
		     " FROM subscription s WHERE " whose " AND s.kind = $2 AND s.no > $3 ORDER BY s.no LIMIT $4"
/* Two, because in one the index of the owner is not used. */
#define OF_ONE "s.owner_no = $1"
#define OF_ALL "$1 = 0"
static const struct db_statement page_of_one = {
	.sql = PAGE(NOW_MS_SQLITE, OF_ONE), .postgres = PAGE(NOW_MS_POSTGRES, OF_ONE), .parameters = "nnnn"};
static const struct db_statement page_of_all = {
	.sql = PAGE(NOW_MS_SQLITE, OF_ALL), .postgres = PAGE(NOW_MS_POSTGRES, OF_ALL), .parameters = "nnnn"};
#define NEWS(now, which) \
	"SELECT s.no, CASE WHEN EXISTS (SELECT 1" ROOMS_OF_OWNER " AND " ROOM_IS_OPEN ") OR EXISTS (SELECT 1" SERVER_EVENTS_BEHIND \
	" AND " ROOM_IS_OPEN ") OR EXISTS (SELECT 1 FROM subscription_event x" \
	" WHERE x.subscription_no = s.no AND x.state = 0 AND x.next_ms <= " now " AND " EVENT_IS_READABLE \
	") THEN CAST(1 AS BIGINT) ELSE 0 END FROM subscription s WHERE s.no " which
static const struct db_statement news = {.sql = NEWS(NOW_MS_SQLITE, "IN (SELECT value FROM json_each($1))"),
					 .postgres = NEWS(NOW_MS_POSTGRES, "= ANY ($1)"),
					 .parameters = "N"};

/* Of each the places that it is behind in, and the first event behind each. */
#define LAG(now) \
	"SELECT CAST(coalesce(sum(n), 0) AS BIGINT), CAST(coalesce(max(n), 0) AS BIGINT), CAST(coalesce(" now \
	" - min(at_ms), 0) AS BIGINT) FROM" \
	" (SELECT CAST(sum(b.n) AS BIGINT) AS n, min(e.at_ms) AS at_ms FROM" \
	" (SELECT s.no, r.no AS room_no, coalesce(c.seq, m.joined_seq) AS seq, r.last_seq - coalesce(c.seq, m.joined_seq) AS n" \
	" FROM subscription s JOIN member m ON m.user_no = s.owner_no JOIN room r ON r.no = m.room_no" \
	" LEFT JOIN subscription_room c ON c.subscription_no = s.no AND c.room_no = m.room_no" \
	" WHERE s.status = 0 AND r.last_seq > coalesce(c.seq, m.joined_seq)" \
	" UNION ALL SELECT s.no, r.no, coalesce(c.seq, 0), r.last_seq - coalesce(c.seq, 0) FROM subscription s CROSS JOIN" SERVER_EVENTS_PLACE \
	" AND s.status = 0 AND r.last_seq > coalesce(c.seq, 0)) AS b" \
	" LEFT JOIN event e ON e.pk = (b.room_no << 36 | (b.seq + 1)) GROUP BY b.no) AS behind"
static const struct db_statement lag = {.sql = LAG(NOW_MS_SQLITE), .postgres = LAG(NOW_MS_POSTGRES), .parameters = ""};

int subscription_find(struct store_reader *r, const struct subscription_ref *which, struct store_subscription *out)
{
	auto_answer *answer = which->no != 0 ? db_ask(r->db, &by_no, db_number(which->no))
					     : db_ask(r->db, &of_owner, db_number(which->owner_no), db_signed(which->kind),
						      db_uid(&which->id), db_text(which->name));
	*out = (struct store_subscription){0};
	int result = db_row(answer);
	return result == DB_ROW && !subscription_row_read(answer, out) ? READ_NO_SENSE : result;
}

int read_subscription_find(struct store_reader *r, struct store_subscription_find *op)
{
	int result = subscription_find(r, &op->which, &op->subscription);
	if (result == DB_ROW)
		return 0;
	return result == DB_DONE ? -ENOENT : store_reader_failed(r, result, "subscription_find");
}

int read_subscription_page(struct store_reader *r, struct store_subscription_page *op)
{
	size_t limit = op->limit < PAGE_ROWS_MAX ? (size_t)op->limit : PAGE_ROWS_MAX;
	int result;
	op->n_listed = 0;
	op->more = false;
	op->listed = mem_zalloc((limit + 1) * sizeof *op->listed);
	auto_answer *answer = db_ask(r->db, op->owner_no != 0 ? &page_of_one : &page_of_all, db_number(op->owner_no), db_signed(op->kind),
				     db_number(op->after_no), db_number(limit + 1));
	while ((result = db_row(answer)) == DB_ROW) {
		struct store_subscription_listed *listed = &op->listed[op->n_listed];
		if (op->n_listed == limit) {
			op->more = true;
			return 0;
		}
		if (!subscription_row_read(answer, &listed->subscription)) {
			result = READ_NO_SENSE;
			break;
		}
		listed->n_waiting = db_column_number(answer, SUBSCRIPTION_COLUMN_COUNT);
		listed->n_aside = db_column_number(answer, SUBSCRIPTION_COLUMN_COUNT + 1);
		listed->n_behind = db_column_number(answer, SUBSCRIPTION_COLUMN_COUNT + 2);
		op->n_listed++;
	}
	if (result == DB_DONE)
		return 0;
	store_subscription_page_finish(op);
	return store_reader_failed(r, result, "subscription_page");
}

int read_subscription_news(struct store_reader *r, struct store_subscription_news *op)
{
	int result;
	for (size_t i = 0; i < op->n_subscriptions; i++)
		op->has_news[i] = true; /* where there is none any more */
	auto_answer *answer = db_ask(r->db, &news, db_numbers(op->subscription_nos, op->n_subscriptions));
	while ((result = db_row(answer)) == DB_ROW) {
		int64_t no = db_column_signed(answer, 0);
		for (size_t i = 0; i < op->n_subscriptions; i++)
			if (op->subscription_nos[i] == no)
				op->has_news[i] = db_column_number(answer, 1) != 0;
	}
	return result == DB_DONE ? 0 : store_reader_failed(r, result, "subscription_news");
}

int read_subscription_lag(struct store_reader *r, struct store_subscription_lag *op)
{
	auto_answer *answer = db_ask_plain(r->db, &lag);
	int result = db_row(answer);
	if (result != DB_ROW)
		return store_reader_failed(r, result == DB_DONE ? READ_NO_SENSE : result, "subscription_lag");
	op->n_behind = db_column_number(answer, 0);
	op->n_behind_most = db_column_number(answer, 1);
	op->oldest_age_ms = db_column_number(answer, 2);
	return 0;
}
