#include "chat/state_encode.h"
#include "command/dispatch.h"
#include "command/room_lookup.h"
#include "store/person.h"

#include <errno.h>
#include <string.h>

static void encode_member(struct buf *b, const struct store_user *u, enum member_role role)
{
	char id[UID_TEXT_BYTES + 1];
	uid_format(&u->id, id);
	buf_appendf(b, "{\"id\":\"%s\",\"name\":", id);
	buf_append_json_string(b, u->name, strlen(u->name));
	buf_appendf(b, ",\"kind\":\"%s\",\"role\":\"%s\"}", person_kind(u->kind), person_member_role(role));
}

static void listed(struct wait *w)
{
	const struct store_member_page *op = w->op;
	auto_buf data = BUF_INIT;
	if (w->result == -EACCES) {
		room_lookup_refuse(w, w->room);
		return;
	}
	if (wait_failed_field(w, "after", "data.after: no such user"))
		return;
	buf_append_str(&data, "{\"members\":[");
	for (size_t i = 0; i < op->n_users; i++) {
		if (i)
			buf_append_byte(&data, ',');
		encode_member(&data, &op->users[i], op->roles[i]);
	}
	buf_append_str(&data, op->more ? "],\"more\":true}" : "],\"more\":false}");
	answer_ok(&w->answer, &data);
}

void handle_room_members(struct call *call)
{
	const struct data_room_members d = call->request->data.room_members;
	struct uid after = {0};
	if (d.after.s && !uid_parse(d.after.s, d.after.n, &after)) {
		call_refuse(call, "after", "data.after: must be the id of a user");
		return;
	}
	struct store_member_page *op = wait_store(call, STORE_MEMBER_PAGE, listed);
	op->room_no = call->member->room->no;
	op->member_no = wait_asker_no(wait_of(op));
	op->limit = d.limit;
	op->after = after;
	wait_go(op);
}
