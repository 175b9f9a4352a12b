/* What operations put into the logs of the server: server-wide events (server_events.h), and where others write too notices (notices.h). */
#include "base/clock.h"
#include "base/list.h"
#include "store/server_events.h"
#include "store/work/batch.h"

/* After so many notices, twice as many old ones go: a full log becomes shorter. */
enum { CLEAR_EVERY = 256, CLEAR_AT_ONCE = 512 };

static const struct db_statement room_get = {.sql = "SELECT " ROOM_COUNTERS_COLUMNS " FROM room WHERE no = $1",
					     .postgres = "SELECT " ROOM_COUNTERS_COLUMNS " FROM room WHERE no = $1 FOR UPDATE",
					     .parameters = "n"};
/* Of the oldest: the log is not searched to its end for what is old enough. */
static const struct db_statement notices_clear = {.sql = "DELETE FROM event WHERE pk IN (SELECT pk FROM (SELECT pk, at_ms FROM event"
							 " WHERE pk > $1 AND pk < $2 ORDER BY pk LIMIT $3) AS oldest WHERE at_ms < $4)",
						  .parameters = "nnnn"};

void batch_lock_logs(struct batch *b, const struct list *ops)
{
	if (b->db->is_only_writer)
		return;
	list_for_each(it, ops)
		if (!b->events_asked && op_may_have_server_event(list_entry(it, const struct store_op, link)))
			b->events_asked = db_ask(b->db, &room_get, db_number(SERVER_EVENTS_ROOM_NO));
	list_for_each(it, ops)
		if (!b->log_asked && op_may_have_notices(list_entry(it, const struct store_op, link)))
			b->log_asked = db_ask(b->db, &room_get, db_number(SERVER_LOG_ROOM_NO));
}

/* One of the server's logs; *locked is what batch_lock_logs() asked. That there is none is damage: a migration made it. */
static int find_log(struct batch *b, uint64_t no, struct db_answer **locked, struct room_counters **out)
{
	*out = room_cache_find(&b->rooms, no);
	if (*out)
		return DB_OK;
	struct db_answer *asked = *locked ? *locked : db_ask(b->db, &room_get, db_number(no));
	*locked = NULL;
	int rc = db_row(asked);
	if (rc == DB_ROW)
		rc = room_cache_read(&b->rooms, asked, out);
	else if (rc == DB_DONE)
		rc = DB_DAMAGED;
	db_done(asked);
	return rc;
}

/* The counters are all that counts: a damaged place in a log of the server is no reason to refuse what people do. Server-wide events are not written from then on. */
static int add_to_log(struct batch *b, struct room_counters *log, const struct batch_event *what)
{
	struct event *e = NULL;
	int rc = batch_add_event(b, log, what, &e);
	batch_keep_event(b, e);
	b->n_events -= rc == DB_OK; /* nobody's message */
	return rc;
}

int batch_write_server_event(struct batch *b, const struct store_op *op)
{
	struct server_event event;
	struct room_counters *log;
	if (damage_has_room(b->damage, SERVER_EVENTS_ROOM_NO) || !op_server_event(op, &event))
		return DB_OK;
	int rc = find_log(b, SERVER_EVENTS_ROOM_NO, &b->events_asked, &log);
	if (rc == DB_OK)
		rc = add_to_log(b, log, &(struct batch_event){event.type, event.author_no, 0, &event.data, clock_wall_ms()});
	buf_finish(&event.data);
	return rc;
}

int batch_write_notices(struct batch *b, struct store_op *op)
{
	struct user_notice notices[OP_NOTICES_MAX];
	size_t n = op_notices(op, notices);
	op->log_seq = 0;
	for (size_t i = 0; i < n; i++) {
		auto_buf data = BUF_INIT;
		struct room_counters *log;
		int rc = find_log(b, SERVER_LOG_ROOM_NO, &b->log_asked, &log);
		if (rc != DB_OK)
			return rc;
		user_notice_encode(&notices[i], &data);
		rc = add_to_log(b, log, &(struct batch_event){EVENT_NOTICE, 0, 0, &data, clock_wall_ms()});
		if (rc != DB_OK)
			return rc;
		op->log_seq = log->last_seq;
		b->n_notices++;
	}
	return DB_OK;
}

int batch_clear_log(struct batch *b, int64_t now_ms)
{
	const struct room_counters *log = room_cache_find(&b->rooms, SERVER_LOG_ROOM_NO);
	if (b->n_notices < CLEAR_EVERY || !log)
		return DB_OK;
	b->n_notices = 0;
	return db_send(b->db, &notices_clear, db_signed(event_pk(SERVER_LOG_ROOM_NO, 0)),
		       db_signed(event_pk(SERVER_LOG_ROOM_NO, log->last_seq)), db_number(CLEAR_AT_ONCE),
		       db_signed(now_ms - SERVER_LOG_KEPT_MS));
}
