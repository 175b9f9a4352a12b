#include "chat/state_encode.h"

#include "chat/user.h"
#include "store/person.h"

#include <string.h>

const char *state_room_kind(enum room_kind k)
{
	return k == ROOM_PRIVATE ? "private" : "public";
}

static void append_id(struct buf *b, const struct uid *id)
{
	char text[UID_TEXT_BYTES + 1];
	uid_format(id, text);
	buf_append_str(b, "\"id\":\"");
	buf_append(b, text, UID_TEXT_BYTES);
	buf_append_byte(b, '"');
}

static void append_string(struct buf *b, const char *member, const char *value)
{
	buf_append_str(b, member);
	buf_append_json_string(b, value, strlen(value));
}

static void append_number(struct buf *b, const char *member, uint64_t value)
{
	buf_append_str(b, member);
	buf_append_u64(b, value);
}

void state_encode_hello(struct buf *b, const struct chat *c)
{
	append_string(b, "{\"type\":\"hello\",\"data\":{\"protocol\":\"parley.v1\",\"server\":", c->config.server_name);
	buf_append_str(b, c->config.guests ? ",\"guests\":true" : ",\"guests\":false");
	append_string(b, ",\"accounts\":", c->config.accounts_closed ? "closed" : "open");
	append_number(b, ",\"heartbeat_ms\":", c->config.heartbeat_ms);
	buf_append_str(b, ",\"limits\":{");
	const char *comma = "";
#define X(name, value, unit, meaning, most) \
	buf_append_str(b, comma); \
	append_number(b, "\"" #name "\":", c->config.limits.name); \
	comma = ",";
	LIMIT_TABLE(X)
#undef X
	buf_append_str(b, "}}}");
}

void state_encode_person(struct buf *b, const struct user *u)
{
	person_encode(b, &u->id, u->name, u->kind);
}

void state_encode_user(struct buf *b, const struct uid *id, const char *name, enum user_kind kind, enum user_role role)
{
	buf_append_byte(b, '{');
	append_id(b, id);
	append_string(b, ",\"name\":", name);
	append_string(b, ",\"kind\":", person_kind(kind));
	append_string(b, ",\"role\":", role == USER_ROLE_OWNER ? "owner" : "none");
	buf_append_byte(b, '}');
}

void state_encode_token(struct buf *b, const struct store_user *u, const char *token)
{
	buf_append_str(b, "{\"user\":");
	state_encode_user(b, &u->id, u->name, u->kind, u->role);
	buf_appendf(b, ",\"token\":\"%s\"}", token);
}

void state_encode_room(struct buf *b, const struct room *r, const struct member *m)
{
	buf_append_byte(b, '{');
	append_id(b, &r->id);
	append_string(b, ",\"name\":", r->name);
	append_string(b, ",\"kind\":", state_room_kind(r->kind));
	append_string(b, ",\"topic\":", r->topic);
	append_number(b, ",\"last_seq\":", r->feed.last_seq);
	append_number(b, ",\"members\":", r->n_members);
	if (m) {
		append_string(b, ",\"role\":", person_member_role(m->role));
		append_number(b, ",\"read_seq\":", m->read_seq);
		append_number(b, ",\"messages\":", r->n_messages);
		append_number(b, ",\"read_messages\":", m->read_messages);
		append_number(b, ",\"unread\":", member_unread(m));
	}
	buf_append_byte(b, '}');
}

void state_encode_mark(struct buf *b, const struct member *m)
{
	append_number(b, "{\"read_seq\":", m->read_seq);
	append_number(b, ",\"read_messages\":", m->read_messages);
	append_number(b, ",\"unread\":", member_unread(m));
	buf_append_byte(b, '}');
}

void state_encode_found_room(struct buf *b, const struct room *r, const struct member *m)
{
	state_encode_room(b, r, m);
	b->len--; /* the closing brace */
	buf_append_str(b, m ? ",\"member\":true}" : ",\"member\":false}");
}

void state_encode_listed_room(struct buf *b, const struct store_room *r, bool is_member)
{
	buf_append_byte(b, '{');
	append_id(b, &r->id);
	append_string(b, ",\"name\":", r->name);
	append_string(b, ",\"kind\":", state_room_kind(r->kind));
	append_string(b, ",\"topic\":", r->topic);
	append_number(b, ",\"last_seq\":", r->last_seq);
	append_number(b, ",\"members\":", r->n_members);
	buf_append_str(b, is_member ? ",\"member\":true}" : ",\"member\":false}");
}
