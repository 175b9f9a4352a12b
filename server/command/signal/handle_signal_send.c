#include "chat/across.h"
#include "chat/state_encode.h"
#include "command/dispatch.h"

static int append(const char *bytes, size_t n, void *b)
{
	buf_append(b, bytes, n);
	return 0;
}

void handle_signal_send(struct call *call)
{
	const struct data_signal_send *d = &call->request->data.signal_send;
	auto_buf data = BUF_INIT;
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
	across_pass_on(call->member->room, call->user, EVENT_SIGNAL, &data);
	call_ok(call, NULL);
}
