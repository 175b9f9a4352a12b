#include "chat/state_encode.h"
#include "codec/request_fault.h"
#include "codec/text_clean.h"
#include "command/dispatch.h"

#include <stdlib.h>

struct list_rooms {
	struct store_room_page op; /* first: the store hands this back */
	struct wait wait;
	struct buf after_key;
};

static void list_free(struct list_rooms *l)
{
	wait_end(&l->wait);
	store_room_page_finish(&l->op);
	buf_finish(&l->after_key);
	free(l);
}

static void listed(struct store_op *op)
{
	struct list_rooms *l = (struct list_rooms *)(void *)op;
	if (op->result == 0) {
		auto_buf data = BUF_INIT;
		buf_append_str(&data, "{\"rooms\":[");
		for (size_t i = 0; i < l->op.n_rooms; i++) {
			if (i)
				buf_append_byte(&data, ',');
			state_encode_listed_room(&data, &l->op.rooms[i], l->op.is_member[i]);
		}
		buf_append_str(&data, l->op.more ? "],\"more\":true}" : "],\"more\":false}");
		answer_ok(&l->wait.answer, &data);
	} else {
		wait_answer_absent(&l->wait, op->result, "after", "data.after: there is no room with this id");
	}
	list_free(l);
}

void handle_room_list(struct call *call)
{
	const struct data_room_list *d = &call->request->data.room_list;
	struct request_fault fault;
	if (d->all && call->user->role != USER_ROLE_OWNER) {
		request_fault_of(&fault, WIRE_FORBIDDEN, "all", "%s", "only the owner of the server sees all rooms");
		call_fault(call, &fault);
		return;
	}
	struct list_rooms *l = mem_new(struct list_rooms);
	l->op.op = (struct store_op){.kind = STORE_ROOM_PAGE, .done = listed};
	l->op.user_no = call->user->no;
	l->op.limit = d->limit;
	l->op.all = d->all;
	l->op.by_room = d->all && d->after.s && uid_parse(d->after.s, d->after.n, &l->op.after_room);
	if (d->after.s)
		text_name_key(d->after.s, d->after.n, &l->after_key);
	l->op.after_key = (struct text){(const char *)l->after_key.data, l->after_key.len};
	wait_begin(&l->wait, call, NULL);
	if (!wait_submit(&l->wait, &l->op.op))
		list_free(l);
}
