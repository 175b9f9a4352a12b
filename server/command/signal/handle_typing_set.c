#include "chat/across.h"
#include "chat/state_encode.h"
#include "command/dispatch.h"

void handle_typing_set(struct call *call)
{
	auto_buf data = BUF_INIT;
	buf_append_str(&data, "{\"user\":");
	state_encode_person(&data, call->user);
	buf_append_str(&data, call->request->data.typing_set.typing ? ",\"typing\":true}" : ",\"typing\":false}");
	across_pass_on(call->member->room, call->user, EVENT_TYPING, &data);
	call_ok(call, NULL);
}
