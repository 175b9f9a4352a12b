#include "chat/user_refresh.h"

#include "chat/user.h"
#include "chat/user_news.h"
#include "room/room.h"

#include <stdlib.h>

struct refresh {
	struct store_sign_in op; /* first: the store hands this back */
	struct user *user;       /* held */
	uint32_t n_told;         /* user.n_told, when the store was asked */
	uint64_t n_unloads;      /* chat_n_unloads(), then */
	uint64_t n_changes;      /* chat.n_changes, then */
};

static void try_later(struct user *u)
{
	if (list_empty(&u->in_stale))
		list_append(&u->chat->stale_users, &u->in_stale);
}

static void end(struct refresh *f)
{
	struct user *u = f->user;
	u->chat->n_pending--;
	store_sign_in_finish(&f->op);
	free(f);
	user_release(u);
}

struct member *user_learn_membership(struct user *u, const struct store_membership *known)
{
	struct room *r = room_load(&u->chat->rooms, &known->room);
	struct member *m = user_member_of(u, r);
	if (m)
		return m;
	m = user_add_member(u, r, known);
	user_news_room_added(m);
	return m;
}

static void learn(struct user *u, const struct store_membership *known)
{
	struct member *m = user_learn_membership(u, known);
	m->is_found = true;
	m->leaving = m->leaving == MEMBER_LEFT_ELSEWHERE ? 0 : m->leaving;
	m->role = known->role;
	if (member_read_to(m, known->read_seq, known->read_messages))
		user_news_read_marked(m, NULL);
	room_know(m->room, &known->room);
	if (m->known_seq < known->room.last_seq)
		m->known_seq = known->room.last_seq;
}

static void forget_others(struct user *u)
{
	list_for_each_safe(it, &u->members) {
		struct member *m = list_entry(it, struct member, in_user);
		bool is_found = m->is_found;
		m->is_found = false;
		if (!is_found) {
			user_news_room_removed(m, NULL);
			user_remove_member(m);
		}
	}
}

static void refreshed(struct store_op *op)
{
	struct refresh *f = (struct refresh *)(void *)op;
	struct user *u = f->user;
	bool may_be_old = f->n_told != u->n_told || f->n_unloads != chat_n_unloads(u->chat) ||
			  user_rooms_are_old(u->chat, f->op.memberships, f->op.n_memberships, f->n_changes);
	if (u->is_void) {
		/* what it brings is of an epoch that is over */
	} else if (op->result != 0) {
		try_later(u);
	} else if (!may_be_old) {
		u->role = f->op.user.role;
		for (size_t i = 0; i < f->op.n_memberships; i++)
			learn(u, &f->op.memberships[i]);
		forget_others(u);
		u->n_told++;
	}
	bool again = op->result == 0 && may_be_old;
	u->is_refreshing = false;
	if (again)
		user_refresh(u);
	end(f);
}

void user_refresh(struct user *u)
{
	struct store *s = u->chat->store;
	if (u->is_void)
		return;
	if (u->is_refreshing) {
		u->n_told++; /* what it brings may be too old */
		return;
	}
	list_remove(&u->in_stale);
	struct refresh *f = mem_new(struct refresh);
	f->op.op = (struct store_op){.kind = STORE_SIGN_IN, .done = refreshed};
	f->op.user_no = u->no;
	f->user = u;
	f->n_told = u->n_told;
	f->n_unloads = chat_n_unloads(u->chat);
	f->n_changes = u->chat->n_changes;
	if (s->methods->submit(s, &f->op.op) != 0) {
		free(f);
		try_later(u);
		return;
	}
	u->is_refreshing = true;
	u->chat->n_pending++;
	user_hold(u);
}

void user_refresh_members(struct room *r)
{
	size_t at = 0;
	for (struct user *u; (u = id_map_next(&chat_of_rooms(r->rooms)->users, &at));)
		if (user_member_of(u, r))
			user_refresh(u);
}

void user_refresh_retry(struct chat *c)
{
	struct list again;
	list_init(&again);
	list_splice(&again, &c->stale_users);
	list_for_each_safe(it, &again) {
		user_refresh(list_entry(it, struct user, in_stale));
	}
}
