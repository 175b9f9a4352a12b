#include "chat/user_tell.h"

#include "chat/owner_link.h"
#include "chat/server_log.h"
#include "chat/session.h"
#include "chat/user.h"
#include "chat/user_news.h"
#include "chat/user_refresh.h"
#include "room/room.h"

static void read_marked(struct user *u, struct room *r, const struct user_notice *n, uint64_t asker)
{
	struct member *m = r ? user_member_of(u, r) : NULL;
	if (!m)
		u->n_told++; /* a reading of the user that is under way may be older */
	else if (member_read_to(m, n->seq, n->n_messages))
		user_news_read_marked(m, session_by_id(u->chat, asker));
}

static void room_added(struct user *u, struct room *r, const struct user_notice *n)
{
	if (r && user_member_of(u, r))
		return;
	if (r && r->feed.last_seq < n->seq)
		room_expect(r, n->seq);
	else
		user_refresh(u);
}

static void room_removed(struct user *u, struct room *r, const struct user_notice *n)
{
	struct member *m = r ? user_member_of(u, r) : NULL;
	u->n_told++; /* a reading of the memberships that is under way may be older */
	if (!m || m->known_seq >= n->seq)
		return;
	if (r->feed.last_seq < n->seq) {
		member_left_elsewhere(m);
		room_expect(r, n->seq);
	} else {
		user_refresh(u);
	}
}

static void role_set(struct chat *c, struct user *u, enum user_role role)
{
	if (role == USER_ROLE_OWNER)
		owner_link_void(c);
	if (!u)
		return;
	u->role = role;
	u->n_told++; /* a state that is being made may contain the old role */
}

static void room_changed(struct chat *c, const struct user_notice *n)
{
	struct room *r = room_by_id(&c->rooms, &n->room);
	if (!r)
		room_has_changed(c, &n->room);
	else if (r->feed.last_seq < n->seq)
		room_expect(r, n->seq);
}

void user_tell_apply(struct chat *c, const struct user_notice *n, uint64_t asker)
{
	if (n->kind == NOTICE_ROOM_CHANGED) {
		room_changed(c, n);
		return;
	}
	struct user *u = user_by_no(c, n->user_no);
	bool is_of_room = user_notice_is_of_room(n->kind);
	struct room *r = u && is_of_room ? room_by_id(&c->rooms, &n->room) : NULL;
	if (!u || !is_of_room) /* also for a user in memory: the token that signs in now may have ended */
		user_has_changed(c, n->user_no);
	if (!u && n->kind != NOTICE_ROLE_SET)
		return;
	switch (n->kind) {
	case NOTICE_READ_MARKED:
		read_marked(u, r, n, asker);
		break;
	case NOTICE_ROOM_ADDED:
		room_added(u, r, n);
		break;
	case NOTICE_ROOM_REMOVED:
		room_removed(u, r, n);
		break;
	case NOTICE_TOKEN_ENDED:
		session_cut(u, n->token_hash);
		break;
	case NOTICE_TOKENS_ENDED:
		user_refresh(u); /* only the store knows which of its sessions came with a newer token */
		break;
	case NOTICE_ROLE_SET:
		role_set(c, u, n->role);
		break;
	case NOTICE_ROOM_CHANGED:
		break;
	}
}

static void tell(struct chat *c, const struct user_notice *n, uint64_t asker)
{
	user_tell_apply(c, n, asker);
	struct user *u = n->kind == NOTICE_TOKENS_ENDED ? user_by_no(c, n->user_no) : NULL;
	if (u)
		session_cut_all(u, n->up_to); /* at this moment nobody knows a newer token yet */
}

struct told user_told_by(const struct store_op *op)
{
	struct told told = {.log_seq = op->log_seq};
	told.n = op_notices(op, told.notices);
	told.has_server_event = op->result == 0 && op_may_have_server_event(op);
	return told;
}

static void tell_watchers(const struct chat *c)
{
	list_for_each(it, &c->watchers) {
		struct chat_watcher *w = list_entry(it, struct chat_watcher, in_chat);
		w->methods->server_event(w);
	}
}

void user_tell_all(struct chat *c, const struct told *told, uint64_t asker)
{
	if (c->outgoing.notices && told->n > 0)
		c->outgoing.notices(c->outgoing.arg, told);
	for (size_t i = 0; i < told->n; i++)
		tell(c, &told->notices[i], asker);
	server_log_wrote(c->server_log, told->notices, told->n, told->log_seq);
	if (told->has_server_event)
		tell_watchers(c);
}

void user_tell_op(struct chat *c, const struct store_op *op, uint64_t asker)
{
	const struct told told = user_told_by(op);
	user_tell_all(c, &told, asker);
}
