#include "chat/state_encode.h"
#include "chat/user.h"
#include "command/dispatch.h"
#include "command/room_lookup.h"

static void found(struct wait *w, struct room *r)
{
	const struct member *m = r ? user_member_of(w->user, r) : NULL;
	if (!r) {
		answer_error(&w->answer, WIRE_NOT_FOUND, "there is no such room, or you may not see it", 0);
	} else {
		auto_buf data = BUF_INIT;
		buf_append_str(&data, "{\"room\":");
		state_encode_found_room(&data, r, m);
		buf_append_byte(&data, '}');
		answer_ok(&w->answer, &data);
	}
}

void handle_room_get(struct call *call)
{
	room_lookup(call, found);
}
