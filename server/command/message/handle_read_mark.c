#include "chat/state_encode.h"
#include "chat/user.h"
#include "chat/user_tell.h"
#include "command/dispatch.h"

#include <errno.h>
#include <stdlib.h>

struct mark {
	struct store_read_mark op; /* first: the store hands this back */
	struct wait wait;
};

static void mark_free(struct mark *m)
{
	wait_end(&m->wait);
	free(m);
}

static void marked(struct store_op *op)
{
	struct mark *m = (struct mark *)(void *)op;
	const struct wait *w = &m->wait;
	struct user_notice notice = {.kind = NOTICE_READ_MARKED,
				     .user_no = w->user->no,
				     .room = w->room->id,
				     .seq = m->op.read_seq,
				     .n_messages = m->op.read_messages};
	if (op->result == 0)
		user_tell(w->answer.chat, &notice, w->answer.session_id);
	const struct member *member = user_member_of(w->user, w->room);
	if (op->result == 0 && member) {
		auto_buf data = BUF_INIT;
		state_encode_mark(&data, member);
		answer_ok(&w->answer, &data);
	} else {
		wait_answer_failure(w, op->result ? op->result : -ENOENT, WIRE_NOT_FOUND, "you are not a member of this room");
	}
	mark_free(m);
}

void handle_read_mark(struct call *call)
{
	if (call->request->data.read_mark.seq <= call->member->read_seq) { /* it never goes back */
		auto_buf data = BUF_INIT;
		state_encode_mark(&data, call->member);
		call_ok(call, &data);
		return;
	}
	struct mark *m = mem_new(struct mark);
	m->op.op = (struct store_op){.kind = STORE_READ_MARK, .done = marked};
	m->op.room_no = call->member->room->no;
	m->op.user_no = call->user->no;
	m->op.seq = call->request->data.read_mark.seq;
	wait_begin(&m->wait, call, call->member->room);
	if (!wait_submit(&m->wait, &m->op.op))
		mark_free(m);
}
