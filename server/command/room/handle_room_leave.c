#include "chat/apply.h"
#include "chat/user.h"
#include "command/dispatch.h"
#include "room/room.h"
#include "store/person.h"

#include <stdlib.h>

struct leave {
	struct store_leave op; /* first: the store hands this back */
	struct wait wait;
	struct room_wait known; /* until memory knows: no event of the room comes behind the reply */
};

static void leave_free(struct leave *l)
{
	wait_end(&l->wait);
	buf_finish(&l->op.data);
	free(l);
}

static void known(struct room_wait *w)
{
	struct leave *l = list_entry(w, struct leave, known);
	if (!wait_is_void(&l->wait)) {
		auto_buf data = BUF_INIT;
		buf_appendf(&data, "{\"seq\":%llu}", (unsigned long long)w->seq);
		answer_ok(&l->wait.answer, &data);
	}
	leave_free(l);
}

static void failed(struct leave *l)
{
	struct member *m = user_member_of(l->wait.user, l->wait.room);
	if (m && m->leaving == l->wait.answer.session_id)
		m->leaving = 0;
	wait_answer_failure(&l->wait, l->op.op.result, WIRE_NOT_FOUND, "you are not a member of this room");
	leave_free(l);
}

static void left(struct store_op *op)
{
	struct leave *l = (struct leave *)(void *)op;
	if (op->result != 0) {
		failed(l);
		return;
	}
	uint64_t seq = l->op.event->seq;
	apply_left(l->wait.answer.chat, &l->op);
	room_await(l->wait.room, seq, &l->known, known);
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
	if (wait_submit(&l->wait, &l->op.op))
		call->member->leaving = call->session->id;
	else
		leave_free(l);
}
