#include "chat/user.h"
#include "chat/user_news.h"
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

static void encode_mark(struct buf *b, const struct member *m)
{
	buf_appendf(b, "{\"read_seq\":%llu,\"read_messages\":%llu,\"unread\":%llu}", (unsigned long long)m->read_seq,
		    (unsigned long long)m->read_messages, (unsigned long long)member_unread(m));
}

static void marked(struct store_op *op)
{
	struct mark *m = (struct mark *)(void *)op;
	struct member *member = user_member_of(m->wait.user, m->wait.room);
	if (op->result == 0 && member) {
		bool moved = member_read_to(member, m->op.read_seq, m->op.read_messages);
		auto_buf data = BUF_INIT;
		encode_mark(&data, member);
		answer_ok(&m->wait.answer, &data);
		if (moved)
			user_news_add(m->wait.user, answer_session(&m->wait.answer), EVENT_READ_MARKED, m->wait.room, &data);
	} else {
		wait_answer_failure(&m->wait, op->result ? op->result : -ENOENT, WIRE_NOT_FOUND, "you are not a member of this room");
	}
	mark_free(m);
}

void handle_read_mark(struct call *call)
{
	if (call->request->data.read_mark.seq <= call->member->read_seq) { /* it never goes back */
		auto_buf data = BUF_INIT;
		encode_mark(&data, call->member);
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
