#include "store/work/read_marks.h"

#include "store/sqlite/sqlite_fault.h"
#include "store/work/commit_queue.h"

#include <assert.h>

static_assert(READ_MARKS_SLOTS >= 2 * COMMIT_QUEUE_BATCH_MAX, "there is always a free slot");

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

void read_marks_move(struct read_marks *marks, const struct read_mark *to)
{
	uint32_t i = slot_of(marks, to->user_no, to->room_no);
	struct read_mark *mark = &marks->slots[i];
	if (mark->room_no == 0) {
		if (is_damaged(marks, to))
			return;
		marks->used[marks->n_used++] = i;
		*mark = *to;
	} else if (to->seq > mark->seq) {
		*mark = *to;
	}
}

const struct read_mark *read_marks_find(const struct read_marks *marks, uint64_t user_no, uint64_t room_no)
{
	const struct read_mark *mark = &marks->slots[slot_of(marks, user_no, room_no)];
	return mark->room_no != 0 ? mark : NULL;
}

static int write_mark(struct read_marks *marks, struct sqlite_connection *c, struct read_mark *mark)
{
	auto_reset sqlite3_stmt *st = sqlite_statement(c, ST_MEMBER_MARK);
	sqlite_statement_bind_u64(st, 1, mark->user_no);
	sqlite_statement_bind_u64(st, 2, mark->room_no);
	sqlite_statement_bind_u64(st, 3, mark->seq);
	sqlite_statement_bind_u64(st, 4, mark->n_messages);
	int rc = sqlite_statement_run(st);
	if (sqlite_fault_is_damage(rc)) {
		uint8_t key[16];
		key_of(mark, key);
		id_map_put(&marks->damaged, key, marks);
	}
	return rc;
}

int read_marks_write(struct read_marks *marks, struct sqlite_connection *c)
{
	int rc = SQLITE_OK;
	for (size_t i = 0; i < marks->n_used && rc == SQLITE_OK; i++)
		rc = write_mark(marks, c, &marks->slots[marks->used[i]]);
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
