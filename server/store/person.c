#include "store/person.h"

#include <string.h>

const char *person_kind(enum user_kind k)
{
	switch (k) {
	case USER_PERSON:
		return "person";
	case USER_BOT:
		return "bot";
	case USER_GUEST:
		return "guest";
	case USER_HOOK:
		return "hook";
	}
	return "person";
}

const char *person_member_role(enum member_role r)
{
	return r == MEMBER_ROLE_OWNER ? "owner" : "member";
}

void person_encode(struct buf *b, const struct uid *id, const char *name, enum user_kind kind)
{
	char id_text[UID_TEXT_BYTES + 1];
	uid_format(id, id_text);
	buf_append_str(b, "{\"id\":\"");
	buf_append(b, id_text, UID_TEXT_BYTES);
	buf_append_str(b, "\",\"name\":");
	buf_append_json_string(b, name, strlen(name));
	buf_append_str(b, ",\"kind\":\"");
	buf_append_str(b, person_kind(kind));
	buf_append_str(b, "\"}");
}

void person_encode_left(struct buf *b, const struct uid *id, const char *name, enum user_kind kind)
{
	buf_append_str(b, "{\"user\":");
	person_encode(b, id, name, kind);
	buf_append_byte(b, '}');
}

void person_encode_member(struct buf *b, const struct store_user *u, enum member_role role, struct text by)
{
	buf_append_str(b, "{\"user\":");
	person_encode(b, &u->id, u->name, u->kind);
	buf_append_str(b, ",\"role\":\"");
	buf_append_str(b, person_member_role(role));
	buf_append_byte(b, '"');
	if (by.s) {
		buf_append_str(b, ",\"by\":");
		buf_append(b, by.s, by.n);
	}
	buf_append_byte(b, '}');
}
