/*
 * One row of the table `event`, and its checksum, which is written with it and looked at whenever its bytes are read.
 *
 * It is the CRC-32C (checksum.h) of the room's id, the seq, the other columns and the JSON: bytes that moved to another room or seq do not match. It guards against
 * disks, not against somebody who can write the file.
 *
 * Rows of a database that was made before have none (NULL), and none is filled in: that writes the whole file anew, which takes minutes for a large
 * one. They are taken when they are what the encoder makes of the row's other columns around some JSON object (event_check.h).
 *
 * Any thread, with its own statement.
 */
#ifndef PARLEY_STORE_WORK_EVENT_ROW_H
#define PARLEY_STORE_WORK_EVENT_ROW_H

#include "codec/event_encode.h"
#include "store/sqlite/sqlite_statement.h"

struct event_row {
	uint64_t seq, n_messages;
	uint64_t author_no, target_seq; /* 0: none */
	int64_t at_ms;
	struct uid id;
	enum event_type type;
	struct text json; /* as long as the statement stays on its row */
};

uint32_t event_row_checksum(const struct event_row *row, const struct uid *room);
/* From the columns EVENT_COLUMNS. False: the row is damaged, or is not the room's; then *out says only the seq. */
bool event_row_read(sqlite3_stmt *st, const struct uid *room, struct event_row *out);

#endif
