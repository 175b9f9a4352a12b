#include "chat/dispatch.h"
#include "chat/room.h"
#include "chat/room_lookup.h"
#include "chat/state_encode.h"
#include "chat/user.h"
#include "chat/user_tell.h"

#include <stdlib.h>

struct join {
	struct store_join op; /* first: the store hands this back */
	struct wait wait;
};

static void join_free(struct join *j)
{
	user_room_unclaim(j->wait.user);
	wait_end(&j->wait);
	store_room_finish(&j->op.membership.room);
	buf_finish(&j->op.data);
	free(j);
}

static void answer_member(const struct wait *w, const struct member *m)
{
	auto_buf data = BUF_INIT;
	state_encode_room(&data, m->room, m);
	answer_ok(&w->answer, &data);
}

static void joined(struct store_op *op)
{
	struct join *j = (struct join *)(void *)op;
	struct room *r = j->wait.room;
	if (op->result == 0) {
		bool is_new = !user_member_of(j->wait.user, r);
		struct member *m = user_add_member(j->wait.user, r, &j->op.membership);
		if (j->op.event)
			r->n_members++;
		room_offer(r, j->op.event); /* before the readers are placed: they begin after the joining */
		answer_member(&j->wait, m);
		if (is_new)
			user_tell_room_added(m, answer_session(&j->wait.answer));
	} else {
		wait_answer_failure(&j->wait, op->result, WIRE_NOT_FOUND, NULL);
	}
	join_free(j);
}

static void found(struct wait *w, struct room *r)
{
	const struct member *m = r ? user_member_of(w->user, r) : NULL;
	if (m && !m->leaving) {
		answer_member(w, m);
	} else if (!r || r->kind == ROOM_PRIVATE) { /* private: just leaving */
		answer_error(&w->answer, WIRE_NOT_FOUND, "there is no such room, or you may not see it", 0);
	} else if (!user_room_claim(w->user)) {
		answer_error(&w->answer, WIRE_LIMIT_REACHED, "you are in as many rooms as this server allows", 0);
	} else {
		struct join *j = mem_new(struct join);
		j->wait = *w;
		j->op.op = (struct store_op){.kind = STORE_JOIN, .done = joined};
		j->op.room_no = r->no;
		j->op.user_no = w->user->no;
		j->op.role = MEMBER_ROLE_MEMBER;
		buf_append_str(&j->op.data, "{\"user\":");
		state_encode_person(&j->op.data, w->user);
		buf_append_str(&j->op.data, ",\"role\":\"member\"}");
		if (!wait_submit(&j->wait, &j->op.op))
			join_free(j);
		return;
	}
	wait_end(w);
}

void handle_room_join(struct call *call)
{
	room_lookup(call, found);
}
