#include "chat/state_encode.h"
#include "chat/user.h"
#include "command/dispatch.h"
#include "command/message/message_write.h"
#include "command/room_lookup.h"

static void stored(struct wait *w)
{
	message_answer_change(w, w->op, "only the author of a message may delete it, the room's owner, or the server's");
}

/* The server's owner need not be a member. */
static void found(struct wait *w, struct room *r)
{
	const struct member *m = r ? user_member_of(w->user, r) : NULL;
	bool owns_server = w->user->role == USER_ROLE_OWNER, is_member = m && !m->leaving;
	uint64_t seq = w->request.data.message_delete.seq;
	if (!r || !(is_member || owns_server)) {
		room_lookup_refuse(w, r);
		return;
	}
	struct store_append *op = wait_next(w, STORE_APPEND, stored);
	op->room_no = r->no;
	op->author_no = w->user->no;
	op->type = EVENT_MESSAGE_DELETED;
	op->target_seq = seq;
	op->rules = owns_server || m->role == MEMBER_ROLE_OWNER;
	buf_append_str(&op->data, "{\"by\":");
	state_encode_person(&op->data, w->user);
	buf_appendf(&op->data, ",\"message\":%llu}", (unsigned long long)seq);
	wait_go(op);
}

void handle_message_delete(struct call *call)
{
	room_lookup(call, found);
}
