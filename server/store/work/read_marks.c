#include "store/work/read_marks.h"

#include "store/work/batch.h"

#include <assert.h>

static const struct db_statement mark_set = {
	.sql = "UPDATE member SET read_seq = $3, read_messages = $4 WHERE user_no = $1 AND room_no = $2 AND read_seq < $3",
	.postgres_rows = "UPDATE member m SET read_seq = v.seq, read_messages = v.messages"
			 " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS v (user_no, room_no, seq, messages)"
			 " WHERE m.user_no = v.user_no AND m.room_no = v.room_no AND m.read_seq < v.seq",
	.parameters = "nnnn"};

static_assert(READ_MARKS_SLOTS >= 2 * BATCH_MAX, "there is always a free slot");

/* Where it is, or where it would be. */
static uint32_t slot_of(const struct read_marks *marks, uint64_t user_no, uint64_t room_no)
{
	uint64_t hash = (user_no * 0x9e3779b97f4a7c15u ^ room_no) * 0x9e3779b97f4a7c15u;
	uint32_t i = (uint32_t)(hash >> 32) % READ_MARKS_SLOTS;
	while (marks->slots[i].room_no != 0 && (marks->slots[i].user_no != user_no || marks->slots[i].room_no != room_no))
		i = (i + 1) % READ_MARKS_SLOTS;
	return i;
}

static void key_of(const struct read_mark *mark, uint8_t key[16])
{
	const uint64_t numbers[] = {mark->user_no, mark->room_no};
	id_map_key_of(numbers, sizeof numbers, key);
}

static bool is_damaged(const struct read_marks *marks, const struct read_mark *mark)
{
	uint8_t key[16];
	if (marks->damaged.n_used == 0)
		return false;
	key_of(mark, key);
	return id_map_get(&marks->damaged, key) != NULL;
}

bool read_marks_move(struct read_marks *marks, const struct read_mark *to)
{
	uint32_t i = slot_of(marks, to->user_no, to->room_no);
	struct read_mark *mark = &marks->slots[i];
	if (mark->room_no == 0) {
		if (is_damaged(marks, to))
			return false;
		marks->used[marks->n_used++] = i;
		*mark = *to;
	} else if (to->seq > mark->seq) {
		*mark = *to;
	}
	return true;
}

const struct read_mark *read_marks_find(const struct read_marks *marks, uint64_t user_no, uint64_t room_no)
{
	const struct read_mark *mark = &marks->slots[slot_of(marks, user_no, room_no)];
	return mark->room_no != 0 ? mark : NULL;
}

static int write_mark(struct read_marks *marks, struct db *db, struct read_mark *mark)
{
	int rc = db_send(db, &mark_set, db_number(mark->user_no), db_number(mark->room_no), db_number(mark->seq),
			 db_number(mark->n_messages));
	if (rc == DB_DAMAGED) {
		uint8_t key[16];
		key_of(mark, key);
		id_map_put(&marks->damaged, key, marks);
	}
	return rc;
}

int read_marks_write(struct read_marks *marks, struct db *db)
{
	int rc = DB_OK;
	for (size_t i = 0; i < marks->n_used && rc == DB_OK; i++)
		rc = write_mark(marks, db, &marks->slots[marks->used[i]]);
	read_marks_forget(marks);
	return rc;
}

void read_marks_forget(struct read_marks *marks)
{
	for (size_t i = 0; i < marks->n_used; i++)
		marks->slots[marks->used[i]] = (struct read_mark){0};
	marks->n_used = 0;
}

void read_marks_finish(struct read_marks *marks)
{
	id_map_finish(&marks->damaged);
}
