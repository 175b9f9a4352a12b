#include "chat/state_encode.h"
#include "codec/request_fault.h"
#include "codec/text_clean.h"
#include "command/dispatch.h"
#include "command/wait_store.h"

#include <errno.h>

static void listed(struct wait *w)
{
	const struct store_room_page *op = w->op;
	auto_buf data = BUF_INIT;
	if (w->result == -EACCES) {
		struct request_fault fault;
		request_fault_of(&fault, WIRE_FORBIDDEN, "all", "%s", "only the owner of the server sees all rooms");
		answer_fault(&w->answer, &fault);
		return;
	}
	if (wait_failed_field(w, "after", "data.after: there is no room with this id"))
		return;
	buf_append_str(&data, "{\"rooms\":[");
	for (size_t i = 0; i < op->n_rooms; i++) {
		if (i)
			buf_append_byte(&data, ',');
		state_encode_listed_room(&data, &op->rooms[i], op->is_member[i]);
	}
	buf_append_str(&data, op->more ? "],\"more\":true}" : "],\"more\":false}");
	answer_ok(&w->answer, &data);
}

void handle_room_list(struct call *call)
{
	const struct data_room_list *d = &call->request->data.room_list;
	struct store_room_page *op = wait_store(call, STORE_ROOM_PAGE, listed);
	auto_buf key = BUF_INIT;
	d = &call->request->data.room_list;
	op->user_no = call->user->no;
	op->limit = d->limit;
	op->all = d->all;
	op->by_room = d->all && d->after.s && uid_parse(d->after.s, d->after.n, &op->after_room);
	if (d->after.s)
		text_name_key(d->after.s, d->after.n, &key);
	op->after_key = wait_keep(op, &key);
	wait_go(op);
}
