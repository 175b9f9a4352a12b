#include "chat/user_refresh.h"

#include "chat/session.h"
#include "chat/user.h"
#include "chat/user_news.h"
#include "room/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct refresh {
	struct store_sign_in op; /* first: the store hands this back */
	struct user *user;       /* held */
	uint32_t n_told;         /* user.n_told when the store was asked */
	uint64_t n_unloads;      /* chat_n_unloads() at that time */
	uint64_t n_changes;      /* chat.n_changes at that time */
	uint32_t n_entered;      /* chat.n_entered at that time */
};

static void refreshed(struct store_op *op);

static void wait_in_line(struct user *u)
{
	if (list_empty(&u->in_stale))
		list_append(&u->chat->stale_users, &u->in_stale);
}

/* False when the store refuses: the user stays in line. */
static bool ask(struct user *u)
{
	struct chat *c = u->chat;
	struct refresh *f = mem_new(struct refresh);
	f->op.op = (struct store_op){.kind = STORE_SIGN_IN, .done = refreshed};
	f->op.user_no = u->no;
	f->op.with_tokens = u->n_sessions > 0;
	f->n_entered = c->n_entered;
	f->user = u;
	f->n_told = u->n_told;
	f->n_unloads = chat_n_unloads(c);
	f->n_changes = c->n_changes;
	if (c->store->methods->submit(c->store, &f->op.op) != 0) {
		free(f);
		return false;
	}
	list_remove(&u->in_stale);
	u->is_refreshing = true;
	c->n_refreshing++;
	c->n_pending++;
	user_hold(u);
	return true;
}

static void ask_next(struct chat *c)
{
	bool is_taken = true;
	while (is_taken && c->n_refreshing < USER_REFRESH_MOST && !c->store->is_away && !list_empty(&c->stale_users))
		is_taken = ask(list_entry(c->stale_users.next, struct user, in_stale));
}

static void end(struct refresh *f)
{
	struct user *u = f->user;
	u->is_refreshing = false;
	u->chat->n_refreshing--;
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

static int by_bytes(const void *x, const void *y)
{
	return memcmp(x, y, SECRET_HASH_BYTES);
}

/* Closes the sessions whose token the user has no more. The answer says nothing of sessions that entered since the store was asked. False when there are such
 * sessions. */
static bool cut_sessions(const struct refresh *f)
{
	bool is_whole = true;
	const struct store_sign_in *op = &f->op;
	list_for_each(it, &f->user->sessions) {
		const struct session *s = list_entry(it, struct session, in_user);
		bool is_asked = op->has_token_hashes && (int32_t)(s->n_entered - f->n_entered) <= 0;
		is_whole &= is_asked;
		if (!is_asked || !s->has_token_hash)
			continue;
		if (op->n_token_hashes == 0 ||
		    !bsearch(s->token_hash, op->token_hashes, op->n_token_hashes, sizeof(op->token_hashes[0]), by_bytes))
			conn_close(s->follower.conn, CLOSE_SIGNED_OUT);
	}
	return is_whole;
}

/* The account is gone. */
static void end_user(struct user *u)
{
	session_cut_all(u, TOKEN_BOT);
	user_void(u);
}

void user_learn(struct user *u, const struct store_sign_in *op)
{
	u->role = op->user.role;
	for (size_t i = 0; i < op->n_memberships; i++)
		learn(u, &op->memberships[i]);
	forget_others(u);
	u->n_told++;
}

/* Does not ask again for what does not change: there is no such account, or its stored data is damaged. */
static void refreshed(struct store_op *op)
{
	struct refresh *f = (struct refresh *)(void *)op;
	struct user *u = f->user;
	struct chat *c = u->chat;
	bool is_answered = op->result == 0, is_settled = op->result == -ENOENT || op->result == -EBADMSG;
	bool may_be_old = f->n_told != u->n_told || f->n_unloads != chat_n_unloads(c) ||
			  user_rooms_are_old(c, f->op.memberships, f->op.n_memberships, f->n_changes);
	bool is_void = u->is_void; /* the answer belongs to an epoch that is over */
	/* Also when the rest may be old, or is damaged: constant changes to an account must not keep an ended token alive. */
	bool is_whole = is_void || !(is_answered || f->op.has_token_hashes) || cut_sessions(f);
	if (!is_void && op->result == -ENOENT)
		end_user(u);
	if (!is_void && is_answered && !may_be_old)
		user_learn(u, &f->op);
	if (!is_void && (!is_whole || (!is_settled && (!is_answered || may_be_old))))
		wait_in_line(u);
	end(f);
	if (is_answered || is_settled)
		ask_next(c); /* otherwise the housekeeping asks: the next one would fail too */
}

void user_refresh(struct user *u)
{
	if (u->is_void)
		return;
	if (u->is_refreshing) {
		u->n_told++; /* the answer under way may be too old */
		return;
	}
	wait_in_line(u);
	ask_next(u->chat);
}

void user_refresh_members(struct room *r)
{
	size_t at = 0;
	for (struct user *u; (u = id_map_next(&chat_of_rooms(r->rooms)->users, &at));)
		if (user_member_of(u, r))
			user_refresh(u);
}

void user_refresh_all(struct chat *c)
{
	size_t at = 0;
	for (struct user *u; (u = id_map_next(&c->users, &at));)
		user_refresh(u);
}

void user_refresh_retry(struct chat *c)
{
	ask_next(c);
}
