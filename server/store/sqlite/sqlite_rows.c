#include "store/sqlite/sqlite_rows.h"

#include "base/memory.h"
#include "codec/text_clean.h"

#include <string.h>

/* A number from 0 to most. */
static bool number_up_to(sqlite3_stmt *st, int column, uint64_t most, uint64_t *out)
{
	int64_t v = sqlite3_column_int64(st, column);
	*out = (uint64_t)v;
	return sqlite3_column_type(st, column) == SQLITE_INTEGER && v >= 0 && *out <= most;
}

/* A copy; NULL: it is no text of ours. */
static char *text_of(sqlite3_stmt *st, int column)
{
	if (sqlite3_column_type(st, column) != SQLITE_TEXT)
		return NULL;
	const char *s = (const char *)sqlite3_column_text(st, column);
	size_t n = (size_t)sqlite3_column_bytes(st, column);
	return s && !memchr(s, '\0', n) && text_is_utf8(s, n) ? mem_strndup(s, n) : NULL;
}

bool sqlite_rows_room(sqlite3_stmt *st, struct store_room *out)
{
	const uint64_t most = ((uint64_t)1 << SEQ_BITS) - 1;
	uint64_t kind;
	*out = (struct store_room){.no = sqlite_statement_u64(st, 0), .created_ms = sqlite3_column_int64(st, 8)};
	bool good = sqlite_statement_uid(st, 1, &out->id) && number_up_to(st, 2, ROOM_PRIVATE, &kind) &&
		    number_up_to(st, 5, most, &out->last_seq) && number_up_to(st, 6, out->last_seq, &out->n_messages) &&
		    number_up_to(st, 7, most, &out->n_members);
	if (good) {
		out->kind = (enum room_kind)kind;
		out->name = text_of(st, 3);
		out->topic = text_of(st, 4);
		good = out->name && out->topic;
	}
	if (good)
		return true;
	store_room_finish(out);
	*out = (struct store_room){0};
	return false;
}

bool sqlite_rows_user(sqlite3_stmt *st, struct store_user *out)
{
	uint64_t kind, role;
	*out = (struct store_user){.no = sqlite_statement_u64(st, 0)};
	bool good = sqlite_statement_uid(st, 1, &out->id) && number_up_to(st, 2, USER_GUEST, &kind) &&
		    number_up_to(st, 3, USER_ROLE_OWNER, &role);
	if (good) {
		out->kind = (enum user_kind)kind;
		out->role = (enum user_role)role;
		out->name = text_of(st, 4);
	}
	if (good && out->name)
		return true;
	*out = (struct store_user){0};
	return false;
}

bool sqlite_rows_member_role(sqlite3_stmt *st, int column, enum member_role *out)
{
	uint64_t role;
	bool good = number_up_to(st, column, MEMBER_ROLE_OWNER, &role);
	*out = good ? (enum member_role)role : MEMBER_ROLE_MEMBER;
	return good;
}
