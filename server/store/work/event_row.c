#include "store/work/event_row.h"

#include "base/checksum.h"
#include "codec/event_check.h"

#include <endian.h>

/* The columns of EVENT_COLUMNS. */
enum { AT_PK, AT_ID, AT_TYPE, AT_AUTHOR_NO, AT_MS, AT_N_MESSAGES, AT_TARGET_SEQ, AT_JSON, AT_CHECKSUM };

uint32_t event_row_checksum(const struct event_row *row, const struct uid *room)
{
	const struct {
		struct uid room, id;
		uint64_t numbers[6];
	} head = {.room = *room,
		  .id = row->id,
		  .numbers = {htole64(row->seq), htole64((uint64_t)row->type), htole64(row->author_no), htole64((uint64_t)row->at_ms),
			      htole64(row->n_messages), htole64(row->target_seq)}};
	return checksum_crc32c(checksum_crc32c(0, &head, sizeof head), row->json.s, row->json.n);
}

bool event_row_read(struct db_answer *answer, const struct uid *room, struct event_row *out)
{
	*out = (struct event_row){.seq = event_pk_seq(db_column_signed(answer, AT_PK))};
	enum db_kind checksum = db_column_kind(answer, AT_CHECKSUM);
	out->json = db_column_bytes(answer, AT_JSON);
	if (!out->json.s || (checksum != DB_NUMBER && checksum != DB_NULL) || !db_column_uid(answer, AT_ID, &out->id))
		return false;
	int64_t type = db_column_signed(answer, AT_TYPE);
	if (type < EVENT_ROOM_CREATED || type >= EVENT_TYPING || !event_type_name((enum event_type)type))
		return false;
	out->type = (enum event_type)type;
	out->author_no = db_column_number(answer, AT_AUTHOR_NO);
	out->at_ms = db_column_signed(answer, AT_MS);
	out->n_messages = db_column_number(answer, AT_N_MESSAGES);
	out->target_seq = db_column_number(answer, AT_TARGET_SEQ);
	if (checksum == DB_NULL)
		return event_check(out->json.s, out->json.n, out->type, &out->id, out->at_ms, room, out->seq);
	return db_column_signed(answer, AT_CHECKSUM) == event_row_checksum(out, room);
}

struct event *event_of_row(const struct event_row *row, const struct uid *room, uint64_t room_no)
{
	struct event *e = event_new(row->json.s, row->json.n);
	e->room = *room;
	e->room_no = room_no;
	e->seq = row->seq;
	e->id = row->id;
	e->type = row->type;
	e->timestamp_ms = row->at_ms;
	e->n_messages = row->n_messages;
	e->author_no = row->author_no;
	e->target_seq = row->target_seq;
	return e;
}
