#include "chat/across.h"
#include "command/typed/typed.h"

#include <string.h>

static void add_bytes(struct buf *data, const char *member, const char *s, size_t n)
{
	buf_append_str(data, ",\"");
	buf_append_str(data, member);
	buf_append_str(data, "\":");
	buf_append_json_string(data, s, n);
}

/* The room's id and not its name: the name may be given to another room meanwhile. */
void typed_begin(struct buf *data, const struct call *call)
{
	char room[UID_TEXT_BYTES + 1];
	uid_format(&call->member->room->id, room);
	buf_append_str(data, "{\"room\":\"");
	buf_append(data, room, UID_TEXT_BYTES);
	buf_append_byte(data, '"');
}

void typed_add(struct buf *data, const char *member, struct text value)
{
	add_bytes(data, member, value.s, value.n);
}

void typed_become(struct call *call, enum command command, struct buf *data)
{
	buf_append_byte(data, '}');
	call_leave_to(call, command, data);
}

void typed_send(struct call *call, struct text text, const char *style)
{
	const struct data_command_run *d = &call->request->data.command_run;
	auto_buf data = BUF_INIT;
	typed_begin(&data, call);
	typed_add(&data, "text", text);
	if (style)
		add_bytes(&data, "style", style, strlen(style));
	if (d->has_client_id) {
		char id[UID_TEXT_BYTES + 1];
		uid_format(&d->client_id, id);
		add_bytes(&data, "client_id", id, UID_TEXT_BYTES);
	}
	if (d->has_reply_to) {
		buf_append_str(&data, ",\"reply_to\":");
		buf_append_u64(&data, d->reply_to);
	}
	typed_become(call, CMD_MESSAGE_SEND, &data);
}

void typed_tell(const struct typed_command *self, const struct member *m, const struct buf *text)
{
	auto_buf data = BUF_INIT;
	buf_append_str(&data, "{\"text\":");
	buf_append_json_string(&data, (const char *)text->data, text->len);
	add_bytes(&data, "command", self->name, strlen(self->name));
	buf_append_byte(&data, '}');
	across_tell_member(m, EVENT_MESSAGE_EPHEMERAL, &data);
}

void typed_say(const struct typed_command *self, struct call *call, const struct buf *text)
{
	typed_tell(self, call->member, text);
	call_ok(call, NULL);
}
