/*
 * One row of the table `event`, and its checksum, which is written with it and looked at whenever its bytes are read.
 *
 * It is the CRC-32C (checksum.h) of the room's id, the seq, the other columns and the JSON: bytes that moved to another room or seq do not match. It guards against
 * disks, not against somebody who can write the file.
 *
 * Rows of a database that was made before have none (NULL), and none is filled in: that writes the whole file anew, which takes minutes for a large
 * one. They are taken when they are what the encoder makes of the row's other columns around some JSON object (event_check.h).
 *
 * Any thread, with its own answer.
 */
#ifndef PARLEY_STORE_WORK_EVENT_ROW_H
#define PARLEY_STORE_WORK_EVENT_ROW_H

#include "codec/event_encode.h"
#include "store/db.h"
#include "store/event.h"

/* A room's events lie next to each other: pk = room number << SEQ_BITS | seq. 2^36 events of a room are more than a file of
 * SQLite can hold (16 TiB with 4 KiB pages); 2^27 rooms are left. The SQL says 36. */
enum { SEQ_BITS = 36 };

static inline int64_t event_pk(uint64_t room_no, uint64_t seq)
{
	return (int64_t)(room_no << SEQ_BITS | seq);
}
static inline uint64_t event_pk_seq(int64_t pk)
{
	return (uint64_t)pk & (((uint64_t)1 << SEQ_BITS) - 1);
}

/* Of a table e. */
#define EVENT_COLUMNS "e.pk, e.id, e.type, e.author_no, e.at_ms, e.n_messages, e.target_seq, e.json, e.checksum"
enum { EVENT_COLUMN_COUNT = 9 };

struct event_row {
	uint64_t seq, n_messages;
	uint64_t author_no, target_seq; /* 0: none */
	int64_t at_ms;
	struct uid id;
	enum event_type type;
	struct text json; /* as long as the answer stays on its row */
};

uint32_t event_row_checksum(const struct event_row *row, const struct uid *room);
/* From the columns EVENT_COLUMNS. False: the row is damaged, or is not the room's; then *out says only the seq. */
bool event_row_read(struct db_answer *answer, const struct uid *room, struct event_row *out);
/* The event of a row, with its JSON. */
struct event *event_of_row(const struct event_row *row, const struct uid *room, uint64_t room_no);

#endif
