#include "chat/state_encode.h"
#include "chat/user.h"
#include "chat/user_tell.h"
#include "command/dispatch.h"
#include "command/wait_store.h"

#include <errno.h>

static void answer_mark(const struct answer *a, const struct member *m)
{
	auto_buf data = BUF_INIT;
	state_encode_mark(&data, m);
	answer_ok(a, &data);
}

static void marked(struct wait *w)
{
	const struct store_read_mark *op = w->op;
	const struct member *m = user_member_of(w->user, w->room);
	struct user_notice notice = {.kind = NOTICE_READ_MARKED, .user_no = op->user_no, .room = w->room->id, .seq = op->read_seq};
	notice.n_messages = op->read_messages;
	if (w->result == 0)
		user_tell(w->answer.chat, &notice, w->answer.session_id);
	if (w->result == 0 && !m)
		w->result = -ENOENT; /* left meanwhile */
	if (!wait_failed(w, WIRE_NOT_FOUND, "you are not a member of this room"))
		answer_mark(&w->answer, m);
}

void handle_read_mark(struct call *call)
{
	struct answer answer = answer_of(call);
	if (call->request->data.read_mark.seq <= call->member->read_seq) { /* it never goes back */
		answer_mark(&answer, call->member);
		return;
	}
	struct store_read_mark *op = wait_store(call, STORE_READ_MARK, marked);
	op->room_no = call->member->room->no;
	op->user_no = call->user->no;
	op->seq = call->request->data.read_mark.seq;
	wait_go(op);
}
