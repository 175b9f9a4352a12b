#include "base/clock.h"
#include "chat/state_encode.h"
#include "command/dispatch.h"
#include "room/room.h"

static int append(const char *bytes, size_t n, void *b)
{
	buf_append(b, bytes, n);
	return 0;
}

void handle_signal_send(struct call *call)
{
	const struct data_signal_send *d = &call->request->data.signal_send;
	struct room *r = call->member->room;
	auto_buf data = BUF_INIT, json = BUF_INIT;
	buf_append_str(&data, "{\"user\":");
	state_encode_person(&data, call->user);
	if (d->name.s) {
		buf_append_str(&data, ",\"name\":");
		buf_append_json_string(&data, d->name.s, d->name.n);
	}
	if (d->data) {
		buf_append_str(&data, ",\"data\":");
		json_dump_callback(d->data, append, &data, JSON_COMPACT | JSON_ENCODE_ANY);
	}
	buf_append_byte(&data, '}');
	event_encode(&json, EVENT_SIGNAL, NULL, clock_wall_ms(), &r->id, 0, data.data, data.len);
	room_pass_on(r, json.data, json.len);
	call_ok(call, NULL);
}
