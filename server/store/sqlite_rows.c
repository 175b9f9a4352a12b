#include "store/sqlite_rows.h"

void sqlite_rows_room(sqlite3_stmt *st, struct store_room *out)
{
	*out = (struct store_room){
		.no = sqlite_statement_u64(st, 0),
		.kind = (enum room_kind)sqlite3_column_int(st, 2),
		.name = sqlite_statement_text(st, 3),
		.topic = sqlite_statement_text(st, 4),
		.last_seq = sqlite_statement_u64(st, 5),
		.n_messages = sqlite_statement_u64(st, 6),
		.n_members = sqlite_statement_u64(st, 7),
		.created_ms = sqlite3_column_int64(st, 8),
	};
	sqlite_statement_uid(st, 1, &out->id);
}

void sqlite_rows_user(sqlite3_stmt *st, struct store_user *out)
{
	*out = (struct store_user){
		.no = sqlite_statement_u64(st, 0),
		.kind = (enum user_kind)sqlite3_column_int(st, 2),
		.role = (enum user_role)sqlite3_column_int(st, 3),
		.name = sqlite_statement_text(st, 4),
	};
	sqlite_statement_uid(st, 1, &out->id);
}
