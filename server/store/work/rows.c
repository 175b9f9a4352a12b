#include "store/work/rows.h"

#include "base/memory.h"
#include "codec/text_clean.h"
#include "store/work/event_row.h"

#include <string.h>

/* A number from 0 to most. What is none reads as 0. */
static bool number_up_to(struct db_answer *answer, int column, uint64_t most, uint64_t *out)
{
	int64_t v = db_column_signed(answer, column);
	*out = (uint64_t)v;
	return v >= 0 && *out <= most && (v != 0 || db_column_is_number(answer, column));
}

/* A copy; NULL: it is no text of ours. */
static char *text_of(struct db_answer *answer, int column)
{
	struct text t = db_column_bytes(answer, column);
	return t.s && !memchr(t.s, '\0', t.n) && text_is_utf8(t.s, t.n) ? mem_strndup(t.s, t.n) : NULL;
}

bool rows_room_at(struct db_answer *answer, int first, struct store_room *out)
{
	const uint64_t most = ((uint64_t)1 << SEQ_BITS) - 1;
	uint64_t kind;
	*out = (struct store_room){.no = db_column_number(answer, first), .created_ms = db_column_signed(answer, first + 8)};
	bool good = db_column_uid(answer, first + 1, &out->id) && number_up_to(answer, first + 2, ROOM_PRIVATE, &kind) &&
		    number_up_to(answer, first + 5, most, &out->last_seq) &&
		    number_up_to(answer, first + 6, out->last_seq, &out->n_messages) &&
		    number_up_to(answer, first + 7, most, &out->n_members);
	if (good) {
		out->kind = (enum room_kind)kind;
		out->name = text_of(answer, first + 3);
		out->topic = text_of(answer, first + 4);
		good = out->name && out->topic;
	}
	if (good)
		return true;
	store_room_finish(out);
	*out = (struct store_room){0};
	return false;
}

bool rows_room(struct db_answer *answer, struct store_room *out)
{
	return rows_room_at(answer, 0, out);
}

bool rows_user(struct db_answer *answer, struct store_user *out)
{
	uint64_t kind, role;
	*out = (struct store_user){.no = db_column_number(answer, 0)};
	bool good = db_column_uid(answer, 1, &out->id) && number_up_to(answer, 2, USER_HOOK, &kind) &&
		    number_up_to(answer, 3, USER_ROLE_OWNER, &role);
	if (good) {
		out->kind = (enum user_kind)kind;
		out->role = (enum user_role)role;
		out->name = text_of(answer, 4);
	}
	if (good && out->name)
		return true;
	*out = (struct store_user){0};
	return false;
}

bool rows_member_role(struct db_answer *answer, int column, enum member_role *out)
{
	uint64_t role;
	bool good = number_up_to(answer, column, MEMBER_ROLE_OWNER, &role);
	*out = good ? (enum member_role)role : MEMBER_ROLE_MEMBER;
	return good;
}
