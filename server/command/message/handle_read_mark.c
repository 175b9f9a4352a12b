#include "chat/state_encode.h"
#include "chat/user_tell.h"
#include "command/dispatch.h"
#include "command/wait_store.h"

static void marked(struct wait *w)
{
	user_tell_op(w->answer.chat, w->op, w->answer.session_id);
	wait_answer_member(w, state_encode_mark);
}

void handle_read_mark(struct call *call)
{
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
