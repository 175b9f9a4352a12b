#include "store/work/log_damage.h"

#include "store/sqlite/sqlite_fault.h"
#include "store/work/event_row.h"

enum { ONE_BY_ONE = 64 };

struct stretch {
	struct sqlite_connection *connection;
	uint64_t room_no, seq, bound;
	const struct uid *room;
};

static uint64_t seq_at(const struct stretch *s, uint64_t distance)
{
	return s->bound > s->seq ? s->seq + distance : s->seq - distance;
}

static int can_read(const struct stretch *s, uint64_t distance, bool *can)
{
	struct event_row row;
	auto_reset sqlite3_stmt *st = sqlite_statement(s->connection, ST_EVENT_ROW);
	sqlite_statement_bind_i64(st, 1, event_pk(s->room_no, seq_at(s, distance)));
	int rc = sqlite3_step(st);
	*can = rc == SQLITE_ROW && event_row_read_sqlite(st, s->room, &row);
	return rc == SQLITE_ROW || rc == SQLITE_DONE || sqlite_fault_is_damage(rc) ? SQLITE_OK : rc;
}

int log_damage_reach(struct sqlite_connection *c, uint64_t room_no, const struct uid *room, uint64_t seq, uint64_t bound, uint64_t *last)
{
	struct stretch s = {.connection = c, .room_no = room_no, .seq = seq, .bound = bound, .room = room};
	uint64_t most = bound > seq ? bound - seq : seq - bound, damaged = 0, at = 1;
	bool can = false;
	*last = bound;
	while (at <= most) {
		int rc = can_read(&s, at, &can);
		if (rc != SQLITE_OK)
			return rc;
		if (can)
			break;
		damaged = at;
		at = at < ONE_BY_ONE ? at + 1 : at * 2;
		if (at > most && damaged < most)
			at = most;
	}
	if (at > most)
		return SQLITE_OK;
	while (at - damaged > 1) {
		uint64_t middle = damaged + (at - damaged) / 2;
		int rc = can_read(&s, middle, &can);
		if (rc != SQLITE_OK)
			return rc;
		if (can)
			at = middle;
		else
			damaged = middle;
	}
	*last = seq_at(&s, damaged);
	return SQLITE_OK;
}
