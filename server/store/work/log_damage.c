#include "store/work/log_damage.h"

#include "store/work/event_row.h"

enum { ONE_BY_ONE = 64 };

struct stretch {
	struct db *db;
	uint64_t room_no, seq, bound;
	const struct uid *room;
};

static uint64_t seq_at(const struct stretch *s, uint64_t distance)
{
	return s->bound > s->seq ? s->seq + distance : s->seq - distance;
}

static int can_read(const struct stretch *s, uint64_t distance, bool *can)
{
	static const struct db_statement event_row = {.sql = "SELECT " EVENT_COLUMNS " FROM event e WHERE e.pk = $1", .parameters = "n"};
	struct event_row row;
	auto_answer *answer = db_ask(s->db, &event_row, db_signed(event_pk(s->room_no, seq_at(s, distance))));
	int result = db_row(answer);
	*can = result == DB_ROW && event_row_read(answer, s->room, &row);
	return result == DB_ROW || result == DB_DONE || result == DB_DAMAGED ? DB_OK : result;
}

int log_damage_reach(struct db *db, uint64_t room_no, const struct uid *room, uint64_t seq, uint64_t bound, uint64_t *last)
{
	struct stretch s = {.db = db, .room_no = room_no, .seq = seq, .bound = bound, .room = room};
	uint64_t most = bound > seq ? bound - seq : seq - bound, damaged = 0, at = 1;
	bool can = false;
	*last = bound;
	while (at <= most) {
		int result = can_read(&s, at, &can);
		if (result != DB_OK)
			return result;
		if (can)
			break;
		damaged = at;
		at = at < ONE_BY_ONE ? at + 1 : at * 2;
		if (at > most && damaged < most)
			at = most;
	}
	if (at > most)
		return DB_OK;
	while (at - damaged > 1) {
		uint64_t middle = damaged + (at - damaged) / 2;
		int result = can_read(&s, middle, &can);
		if (result != DB_OK)
			return result;
		if (can)
			at = middle;
		else
			damaged = middle;
	}
	*last = seq_at(&s, damaged);
	return DB_OK;
}
