#include "base/clock.h"
#include "chat/state_encode.h"
#include "command/dispatch.h"
#include "room/room.h"

void handle_typing_set(struct call *call)
{
	struct room *r = call->member->room;
	auto_buf data = BUF_INIT, json = BUF_INIT;
	buf_append_str(&data, "{\"user\":");
	state_encode_person(&data, call->user);
	buf_append_str(&data, call->request->data.typing_set.typing ? ",\"typing\":true}" : ",\"typing\":false}");
	event_encode(&json, EVENT_TYPING, NULL, clock_wall_ms(), &r->id, 0, data.data, data.len);
	room_pass_on(r, json.data, json.len);
	call_ok(call, NULL);
}
