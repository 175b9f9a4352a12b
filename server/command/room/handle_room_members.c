#include "chat/state_encode.h"
#include "command/dispatch.h"
#include "store/person.h"

#include <stdlib.h>
#include <string.h>

struct list_members {
	struct store_member_page op; /* first: the store hands this back */
	struct wait wait;
};

static void list_free(struct list_members *l)
{
	wait_end(&l->wait);
	store_member_page_finish(&l->op);
	free(l);
}

static void encode_member(struct buf *b, const struct store_user *u, enum member_role role)
{
	char id[UID_TEXT_BYTES + 1];
	uid_format(&u->id, id);
	buf_appendf(b, "{\"id\":\"%s\",\"name\":", id);
	buf_append_json_string(b, u->name, strlen(u->name));
	buf_appendf(b, ",\"kind\":\"%s\",\"role\":\"%s\"}", person_kind(u->kind), person_member_role(role));
}

static void listed(struct store_op *op)
{
	struct list_members *l = (struct list_members *)(void *)op;
	if (op->result == 0) {
		auto_buf data = BUF_INIT;
		buf_append_str(&data, "{\"members\":[");
		for (size_t i = 0; i < l->op.n_users; i++) {
			if (i)
				buf_append_byte(&data, ',');
			encode_member(&data, &l->op.users[i], l->op.roles[i]);
		}
		buf_append_str(&data, l->op.more ? "],\"more\":true}" : "],\"more\":false}");
		answer_ok(&l->wait.answer, &data);
	} else {
		wait_answer_absent(&l->wait, op->result, "after", "data.after: no such user");
	}
	list_free(l);
}

void handle_room_members(struct call *call)
{
	const struct data_room_members *d = &call->request->data.room_members;
	struct list_members *l = mem_new(struct list_members);
	l->op.op = (struct store_op){.kind = STORE_MEMBER_PAGE, .done = listed};
	l->op.room_no = call->member->room->no;
	l->op.limit = d->limit;
	if (d->after.s && !uid_parse(d->after.s, d->after.n, &l->op.after)) {
		free(l);
		call_refuse(call, "after", "data.after: must be the id of a user");
		return;
	}
	wait_begin(&l->wait, call, call->member->room);
	if (!wait_submit(&l->wait, &l->op.op))
		list_free(l);
}
