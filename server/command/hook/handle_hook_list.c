#include "command/dispatch.h"
#include "command/hook/hook_answer.h"
#include "command/room_lookup.h"

static void listed(struct wait *w)
{
	const struct store_hook_list *op = w->op;
	auto_buf data = BUF_INIT;
	if (wait_failed(w, WIRE_NOT_FOUND, NULL))
		return;
	buf_append_str(&data, "{\"hooks\":[");
	for (size_t i = 0; i < op->n_hooks; i++) {
		if (i > 0)
			buf_append_byte(&data, ',');
		hook_encode(&data, &op->hooks[i]);
	}
	buf_append_str(&data, "]}");
	answer_ok(&w->answer, &data);
}

static void found(struct wait *w, struct room *r)
{
	if (!room_lookup_rules(w, r))
		return;
	struct store_hook_list *op = wait_next(w, STORE_HOOK_LIST, listed);
	op->room_no = r->no;
	wait_go(op);
}

void handle_hook_list(struct call *call)
{
	room_lookup(call, found);
}
