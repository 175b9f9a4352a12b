/*
 * What the operations of subscriptions share: their row, and the database's clock. Any thread, with its own answer.
 */
#ifndef PARLEY_STORE_WORK_SUBSCRIPTION_ROW_H
#define PARLEY_STORE_WORK_SUBSCRIPTION_ROW_H

#include "store/db.h"
#include "store/server_events.h"

/* Unix time in milliseconds. */
#define NOW_MS_SQLITE "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
#define NOW_MS_POSTGRES "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"

/* Of tables s and x, which is subscription_event: its owner may read the event. One that is noted while the owner leaves the room stays behind. */
#define EVENT_IS_READABLE \
	"(EXISTS (SELECT 1 FROM member m WHERE m.user_no = s.owner_no AND m.room_no = x.room_no)" \
	" OR (x.room_no = " SERVER_EVENTS_ROOM_NO_SQL " AND " MAY_READ_SERVER_EVENTS "))"
/* Of tables s and r: nothing of the room waits that what is behind it has to wait for. */
#define ROOM_IS_OPEN \
	"(s.ordering = 0 OR NOT EXISTS (SELECT 1 FROM subscription_event b WHERE b.subscription_no = s.no AND b.room_no = r.no AND b.state = 0))"
/* Besides its rooms the owner of a subscription s may read server-wide events: for a WHERE. */
#define MAY_READ_SERVER_EVENTS "EXISTS (SELECT 1 FROM account o WHERE o.no = s.owner_no AND o.role = 1)"
/* Their log r with the place c in it. */
#define SERVER_EVENTS_PLACE \
	" room r LEFT JOIN subscription_room c ON c.subscription_no = s.no AND c.room_no = r.no" \
	" WHERE r.no = " SERVER_EVENTS_ROOM_NO_SQL " AND " MAY_READ_SERVER_EVENTS

/* Of a table s; `now` is one of those above. */
#define SUBSCRIPTION_COLUMNS(now) \
	"s.no, s.id, s.owner_no, s.kind, s.name, s.filter, s.ordering, s.status, s.ack_wait_ms, s.max_tries, s.fence, s.lease_holder," \
	" CASE WHEN s.lease_until_ms > " now " THEN CAST(1 AS BIGINT) ELSE 0 END, s.created_ms"
enum { SUBSCRIPTION_COLUMN_COUNT = 14 };

/* False: the row is damaged, and *out is empty. */
bool subscription_row_read(struct db_answer *answer, struct store_subscription *out);

#endif
