#include "chat/apply.h"
#include "chat/state_encode.h"
#include "chat/user.h"
#include "chat/user_news.h"
#include "chat/user_refresh.h"
#include "command/dispatch.h"
#include "command/room_lookup.h"
#include "room/room.h"

#include <errno.h>

static void unclaim(struct wait *w)
{
	user_room_unclaim(w->user);
}

static void ask(struct wait *w);

static void enter(const struct wait *w, struct member *m)
{
	auto_buf data = BUF_INIT;
	state_encode_room(&data, m->room, m);
	answer_ok(&w->answer, &data);
	user_news_room_entered(m, answer_session(&w->answer));
}

/* Memory has come as far as the store was, so the reply, the reader's place and the first live event behind it belong to one moment. */
static void known(struct wait *w)
{
	struct member *m = user_member_of(w->user, w->room);
	if (m)
		enter(w, m);
	else
		wait_answer_failure(w, -ENOENT, WIRE_NOT_FOUND, NULL); /* left again meanwhile */
}

/* The user was a member already. Memory may not know that, and the store knows it only for its own moment. */
static void known_before(struct wait *w)
{
	const struct store_join *op = w->op;
	struct member *m = user_member_of(w->user, w->room);
	if (m)
		enter(w, m);
	else if (w->room->feed.last_seq == op->membership.room.last_seq)
		enter(w, user_learn_membership(w->user, &op->membership));
	else
		ask(w); /* memory is further, so the membership may have changed */
}

static void joined(struct wait *w)
{
	struct store_join *op = w->op;
	bool is_new = op->event;
	if (wait_failed(w, WIRE_NOT_FOUND, NULL))
		return;
	apply_joined(w->answer.chat, op);
	room_expect(w->room, op->membership.room.last_seq);
	wait_room(w, op->membership.room.last_seq, is_new ? known : known_before);
}

static void ask(struct wait *w)
{
	struct store_join *op = wait_next(w, STORE_JOIN, joined);
	op->room_no = w->room->no;
	op->user_no = w->user->no;
	op->role = MEMBER_ROLE_MEMBER;
	op->most_rooms = w->answer.chat->config.limits.user_rooms;
	wait_go(op);
}

static void found(struct wait *w, struct room *r)
{
	struct member *m = r ? user_member_of(w->user, r) : NULL;
	if (m && !m->leaving) {
		enter(w, m);
	} else if (!r || (r->kind == ROOM_PRIVATE && w->user->role != USER_ROLE_OWNER)) { /* the user is leaving a private room */
		answer_error(&w->answer, WIRE_NOT_FOUND, "there is no such room, or you may not see it", 0);
	} else if (!user_room_claim(w->user)) {
		answer_rooms_full(&w->answer);
	} else {
		w->finish = unclaim;
		ask(w);
	}
}

void handle_room_join(struct call *call)
{
	room_lookup(call, found);
}
