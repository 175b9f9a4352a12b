#include "codec/event_check.h"
#include "store/sqlite/sqlite_statement.h"
#include "store/work/event_row.h"

/* The columns of EVENT_COLUMNS. */
enum { AT_PK, AT_ID, AT_TYPE, AT_AUTHOR_NO, AT_MS, AT_N_MESSAGES, AT_TARGET_SEQ, AT_JSON, AT_CHECKSUM };

static bool is_number_or_null(sqlite3_stmt *st, int column)
{
	int type = sqlite3_column_type(st, column);
	return type == SQLITE_INTEGER || type == SQLITE_NULL;
}

bool event_row_read_sqlite(sqlite3_stmt *st, const struct uid *room, struct event_row *out)
{
	*out = (struct event_row){.seq = event_pk_seq(sqlite3_column_int64(st, AT_PK))};
	if (sqlite3_column_type(st, AT_JSON) != SQLITE_TEXT || !is_number_or_null(st, AT_CHECKSUM) ||
	    !sqlite_statement_uid(st, AT_ID, &out->id))
		return false;
	int64_t type = sqlite3_column_int64(st, AT_TYPE);
	if (type < EVENT_ROOM_CREATED || type >= EVENT_TYPING || !event_type_name((enum event_type)type))
		return false;
	out->type = (enum event_type)type;
	out->author_no = sqlite_statement_u64(st, AT_AUTHOR_NO);
	out->at_ms = sqlite3_column_int64(st, AT_MS);
	out->n_messages = sqlite_statement_u64(st, AT_N_MESSAGES);
	out->target_seq = sqlite_statement_u64(st, AT_TARGET_SEQ);
	out->json.s = (const char *)sqlite3_column_text(st, AT_JSON);
	out->json.n = (size_t)sqlite3_column_bytes(st, AT_JSON);
	if (!out->json.s)
		return false;
	if (sqlite3_column_type(st, AT_CHECKSUM) == SQLITE_NULL)
		return event_check(out->json.s, out->json.n, out->type, &out->id, out->at_ms, room, out->seq);
	return sqlite3_column_int64(st, AT_CHECKSUM) == event_row_checksum(out, room);
}
