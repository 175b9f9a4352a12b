#include "chat/apply.h"
#include "chat/user.h"
#include "command/dispatch.h"
#include "command/wait_store.h"
#include "store/person.h"

/* No event of the room may come behind the reply. */
static void known(struct wait *w)
{
	wait_answer_seq(w, w->come.seq);
}

static void left(struct wait *w)
{
	struct store_leave *op = w->op;
	struct member *m = user_member_of(w->user, w->room);
	if (w->result != 0 && m && m->leaving == w->answer.session_id)
		m->leaving = 0;
	if (wait_failed(w, WIRE_NOT_FOUND, "you are not a member of this room"))
		return;
	uint64_t seq = op->event->seq;
	apply_left(w->answer.chat, op);
	wait_room(w, seq, known);
}

void handle_room_leave(struct call *call)
{
	struct store_leave *op = wait_store(call, STORE_LEAVE, left);
	op->user_no = call->user->no;
	person_encode_left(&op->data, &call->user->id, call->user->name, call->user->kind);
	if (wait_go(op))
		call->member->leaving = call->session->id;
}
