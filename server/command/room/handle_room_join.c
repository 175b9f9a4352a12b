#include "chat/apply.h"
#include "chat/state_encode.h"
#include "chat/user.h"
#include "chat/user_news.h"
#include "chat/user_refresh.h"
#include "command/dispatch.h"
#include "command/room_lookup.h"
#include "room/room.h"

#include <errno.h>
#include <stdlib.h>

struct join {
	struct store_join op; /* first: the store hands this back */
	struct wait wait;
	struct room_wait known; /* until memory has come as far as the store was */
};

static void join_free(struct join *j)
{
	user_room_unclaim(j->wait.user);
	wait_end(&j->wait);
	store_join_finish(&j->op);
	free(j);
}

static void answer_member(const struct wait *w, const struct member *m)
{
	auto_buf data = BUF_INIT;
	state_encode_room(&data, m->room, m);
	answer_ok(&w->answer, &data);
}

/* The reply, the reader's place and the first live event behind it are one moment. */
static void known(struct room_wait *w)
{
	struct join *j = list_entry(w, struct join, known);
	if (wait_is_void(&j->wait)) {
		join_free(j);
		return;
	}
	struct room *r = j->wait.room;
	struct member *m = user_member_of(j->wait.user, r);
	if (!m && r->feed.last_seq == j->op.membership.room.last_seq)
		m = user_learn_membership(j->wait.user, &j->op.membership); /* was a member already, which memory did not know */
	if (m) {
		answer_member(&j->wait, m);
		user_news_room_entered(m, answer_session(&j->wait.answer));
	} else {
		wait_answer_failure(&j->wait, -ENOENT, WIRE_NOT_FOUND, NULL); /* left again meanwhile */
	}
	join_free(j);
}

static void joined(struct store_op *op)
{
	struct join *j = (struct join *)(void *)op;
	if (op->result != 0) {
		wait_answer_failure(&j->wait, op->result, WIRE_NOT_FOUND, NULL);
		join_free(j);
		return;
	}
	apply_joined(j->wait.answer.chat, &j->op);
	room_expect(j->wait.room, j->op.membership.room.last_seq);
	room_await(j->wait.room, j->op.membership.room.last_seq, &j->known, known);
}

static void found(struct wait *w, struct room *r)
{
	const struct member *m = r ? user_member_of(w->user, r) : NULL;
	if (m && !m->leaving) {
		answer_member(w, m);
	} else if (!r || (r->kind == ROOM_PRIVATE && w->user->role != USER_ROLE_OWNER)) { /* private: just leaving */
		answer_error(&w->answer, WIRE_NOT_FOUND, "there is no such room, or you may not see it", 0);
	} else if (!user_room_claim(w->user)) {
		answer_rooms_full(&w->answer);
	} else {
		struct join *j = mem_new(struct join);
		j->wait = *w;
		j->op.op = (struct store_op){.kind = STORE_JOIN, .done = joined};
		j->op.room_no = r->no;
		j->op.user_no = w->user->no;
		j->op.role = MEMBER_ROLE_MEMBER;
		j->op.most_rooms = w->answer.chat->config.limits.user_rooms;
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
