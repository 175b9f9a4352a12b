#include "store/server_events.h"

#include "base/list.h"
#include "base/memory.h"
#include "store/person.h"

/* An event of a room: its data, behind the room's id. */
static void of_room(const struct event *e, const struct buf *data, struct server_event *out)
{
	char id[UID_TEXT_BYTES + 1];
	uid_format(&e->room, id);
	out->type = e->type;
	out->author_no = e->author_no;
	buf_appendf(&out->data, "{\"room\":\"%s\"", id);
	if (data->len > 2)
		buf_append_byte(&out->data, ',');
	buf_append(&out->data, data->data + 1, data->len - 1);
}

static void of_user(const struct store_user_create *op, struct server_event *out)
{
	auto_free char *name = mem_strndup(op->name.s, op->name.n);
	out->type = EVENT_USER_CREATED;
	out->author_no = op->user_no;
	person_encode_left(&out->data, &op->id, name, op->kind);
}

bool op_may_have_server_event(const struct store_op *op)
{
	bool is_of_user = op->kind == STORE_USER_CREATE && list_entry(op, const struct store_user_create, op)->kind < USER_GUEST;
	return is_of_user || op->kind == STORE_ROOM_CREATE || op->kind == STORE_ROOM_UPDATE;
}

bool op_server_event(const struct store_op *op, struct server_event *out)
{
	*out = (struct server_event){.data = BUF_INIT};
	if (op->result != 0 || !op_may_have_server_event(op))
		return false;
	const struct store_room_create *made = list_entry(op, const struct store_room_create, op);
	const struct store_room_update *updated = list_entry(op, const struct store_room_update, op);
	if (op->kind == STORE_USER_CREATE)
		of_user(list_entry(op, const struct store_user_create, op), out);
	else if (op->kind == STORE_ROOM_CREATE)
		of_room(made->events[0], &made->created_data, out);
	else
		of_room(updated->event, &updated->data, out);
	return true;
}
