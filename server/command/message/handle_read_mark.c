#include "chat/state_encode.h"
#include "chat/user_tell.h"
#include "command/dispatch.h"
#include "command/room_lookup.h"

static void answer(struct wait *w)
{
	wait_answer_member(w, state_encode_mark);
}

/* What is unread counts to the end of the room, of which another instance may know more. */
static void marked(struct wait *w)
{
	const struct store_read_mark *op = w->op;
	user_tell_op(w->answer.chat, &op->op, w->answer.session_id);
	if (w->result == 0) {
		room_expect(w->room, op->last_seq);
		wait_room(w, op->last_seq, answer);
	} else {
		answer(w);
	}
}

static void looked_up(struct wait *w, struct room *r)
{
	if (r)
		answer(w);
	else
		room_lookup_refuse(w, r);
}

void handle_read_mark(struct call *call)
{
	if (call->chat->store->is_shared && call->request->data.read_mark.seq <= call->member->read_seq) {
		call->member = NULL; /* the wait holds the room that is found */
		room_lookup(call, looked_up);
		return;
	}
	struct store_read_mark *op = wait_store(call, STORE_READ_MARK, marked);
	op->user_no = call->user->no;
	op->seq = call->request->data.read_mark.seq;
	if (op->seq > call->member->read_seq) {
		wait_go(op);
	} else { /* the mark never goes back */
		wait_answer_member(wait_of(op), state_encode_mark);
		wait_drop(op);
	}
}
