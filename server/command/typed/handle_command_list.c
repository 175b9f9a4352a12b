#include "chat/user.h"
#include "command/room_lookup.h"
#include "command/typed/typed.h"

#include <string.h>

static void append(struct buf *b, const char *before, const char *value)
{
	buf_append_str(b, before);
	buf_append_json_string(b, value, strlen(value));
}

/* hooks NULL: without a room. */
static void encode(struct buf *data, const struct store_hook_list *hooks)
{
	const struct typed_command *c;
	buf_append_str(data, "{\"commands\":[");
	for (size_t i = 0; (c = typed_at(i)) != NULL; i++) {
		append(data, i ? ",{\"name\":" : "{\"name\":", c->name);
		append(data, ",\"usage\":", c->usage);
		append(data, ",\"description\":", c->description);
		buf_append_byte(data, '}');
	}
	if (hooks)
		typed_list_services(data, hooks);
	buf_append_str(data, "]}");
}

static void hooks_read(struct wait *w)
{
	auto_buf data = BUF_INIT;
	if (wait_failed(w, WIRE_NOT_FOUND, NULL))
		return;
	encode(&data, w->op);
	answer_ok(&w->answer, &data);
}

/* For members: others could type none of them. */
static void found(struct wait *w, struct room *r)
{
	if (!r || !user_member_of(w->user, r)) {
		room_lookup_refuse(w, r);
		return;
	}
	struct store_hook_list *op = wait_next(w, STORE_HOOK_LIST, hooks_read);
	op->room_no = r->no;
	op->that_ask = true;
	wait_go(op);
}

void handle_command_list(struct call *call)
{
	auto_buf data = BUF_INIT;
	if (room_ref_of(call->request)->given) {
		room_lookup(call, found);
		return;
	}
	encode(&data, NULL);
	call_ok(call, &data);
}
