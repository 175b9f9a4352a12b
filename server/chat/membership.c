#include "chat/membership.h"

#include "chat/user.h"
#include "chat/user_news.h"
#include "room/room.h"

struct member *membership_made(struct room *r, struct store_join *op, struct session *asked)
{
	struct chat *c = r->chat;
	struct user *u = user_by_no(c, op->user.no);
	bool is_new = u && !user_member_of(u, r);
	struct member *m = u ? user_add_member(u, r, &op->membership) : NULL;
	if (!u)
		c->n_revokes++; /* a sign-in under way may have read the memberships before */
	if (op->event)
		r->n_members++;
	room_offer(r, op->event); /* before the readers are placed: they begin after the joining */
	if (is_new)
		user_news_room_added(m, asked);
	return m;
}

/* Whoever owns the room now may be in memory. */
static void pass_on(struct room *r, uint64_t heir_no)
{
	struct user *u = user_by_no(r->chat, heir_no);
	struct member *m = u ? user_member_of(u, r) : NULL;
	r->chat->n_revokes++; /* a sign-in under way may have read the old role */
	if (m) {
		m->role = MEMBER_ROLE_OWNER;
		u->n_told++; /* and so may one whose state is being made */
	}
}

void membership_ended(struct room *r, uint64_t user_no, struct store_leave *op, const struct session *asked)
{
	struct chat *c = r->chat;
	struct user *u = user_by_no(c, user_no);
	struct member *m = u ? user_member_of(u, r) : NULL;
	if (!u)
		c->n_revokes++;
	if (m) {
		user_news_room_removed(m, asked);
		user_remove_member(m);
	}
	r->n_members--;
	room_offer(r, op->event);
	if (op->passed_event)
		pass_on(r, op->passed_event->author_no);
	room_offer(r, op->passed_event);
}
