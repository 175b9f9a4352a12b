#include "chat/membership.h"
#include "chat/user.h"
#include "command/dispatch.h"
#include "store/person.h"

#include <stdlib.h>

struct leave {
	struct store_leave op; /* first: the store hands this back */
	struct wait wait;
};

static void leave_free(struct leave *l)
{
	wait_end(&l->wait);
	buf_finish(&l->op.data);
	free(l);
}

static void left(struct store_op *op)
{
	struct leave *l = (struct leave *)(void *)op;
	struct room *r = l->wait.room;
	struct member *m = user_member_of(l->wait.user, r);
	if (m)
		m->leaving = false;
	if (op->result == 0) {
		auto_buf data = BUF_INIT;
		buf_appendf(&data, "{\"seq\":%llu}", (unsigned long long)l->op.event->seq);
		membership_ended(r, l->wait.user->no, &l->op, answer_session(&l->wait.answer));
		answer_ok(&l->wait.answer, &data);
	} else {
		wait_answer_failure(&l->wait, op->result, WIRE_NOT_FOUND, "you are not a member of this room");
	}
	leave_free(l);
}

void handle_room_leave(struct call *call)
{
	struct room *r = call->member->room;
	struct leave *l = mem_new(struct leave);
	l->op.op = (struct store_op){.kind = STORE_LEAVE, .done = left};
	l->op.room_no = r->no;
	l->op.user_no = call->user->no;
	person_encode_left(&l->op.data, &call->user->id, call->user->name, call->user->kind);
	wait_begin(&l->wait, call, r);
	call->member->leaving = wait_submit(&l->wait, &l->op.op);
	if (!call->member->leaving)
		leave_free(l);
}
