#include "command/room_lookup.h"

#include "chat/user.h"
#include "chat/user_news.h"
#include "chat/user_refresh.h"
#include "codec/text_clean.h"
#include "command/rights.h"
#include "room/room.h"
#include "store/server_events.h"

#include <errno.h>

struct search {
	struct store_room_find op; /* first: wait_store_with() needs it there */
	bool sees_all;
	uint64_t n_unloads; /* when the store was asked: a room that left memory since may be newer than the answer */
	uint64_t n_changes; /* chat.n_changes at that time: a room that is not in memory and changed since may be newer too */
	void (*then)(struct wait *w, struct room *r);
};

/* A name means the user's private room of this name first. Otherwise another user could name a public room the same, and get what is meant for the private one. */
static struct room *in_memory(struct chat *c, struct user *u, const struct room_ref *ref, const struct buf *key)
{
	if (ref->is_id) {
		struct room *r = room_by_id(&c->rooms, &ref->id);
		return r && !room_no_is_hidden(r->no) ? r : NULL;
	}
	struct member *m = u ? user_private_room(u, key->data, key->len) : NULL;
	return m ? m->room : room_by_name_key(&c->rooms, key->data, key->len);
}

struct member *room_lookup_member(struct user *u, const struct room_ref *ref)
{
	auto_buf key = BUF_INIT;
	if (!ref->is_id)
		text_name_key(ref->name.s, ref->name.n, &key);
	struct room *r = in_memory(u->chat, u, ref, &key);
	struct member *m = r ? user_member_of(u, r) : NULL;
	return m && !m->leaving ? m : NULL;
}

static bool may_see(struct user *u, const struct room *r)
{
	return r->kind == ROOM_PUBLIC || (u && user_member_of(u, r));
}

/* Whether what the store found is a private room of others. All rooms of a user in memory are in memory, so where nobody else writes the user is a member of no other room. */
static bool is_hidden(const struct wait *w, const struct search *s, const struct room *r)
{
	if (s->sees_all || s->op.room.kind == ROOM_PUBLIC)
		return false;
	return s->op.user_no ? !s->op.is_member : !r || !may_see(w->user, r);
}

static void hold_and_go_on(struct wait *w, struct room *r, void (*then)(struct wait *w, struct room *r))
{
	if (r)
		room_hold(r);
	w->room = r;
	then(w, r);
}

static void found(struct wait *w);

static void ask_again(struct wait *w)
{
	struct search *s = w->op;
	s->n_unloads = chat_n_unloads(w->answer.chat);
	s->n_changes = w->answer.chat->n_changes;
	store_op_finish(&s->op.op);
	wait_also(w, STORE_ROOM_FIND, &s->op.op, found);
}

/* Memory learns what the store said of the caller in the room, which has come at least as far as the store was. False: it is further and knows nothing of a membership. */
static bool learn_member(const struct wait *w, const struct search *s)
{
	struct store_membership known = {
		.room = s->op.room, .role = s->op.role, .read_seq = s->op.read_seq, .read_messages = s->op.read_messages};
	struct member *m = s->op.is_member ? user_member_of(w->user, w->room) : NULL;
	if (!s->op.is_member)
		return true;
	if (!m && w->room->feed.last_seq != known.room.last_seq)
		return false;
	if (!m)
		user_learn_membership(w->user, &known);
	else if (member_read_to(m, known.read_seq, known.read_messages))
		user_news_read_marked(m, NULL);
	return true;
}

static void caught_up(struct wait *w)
{
	struct search *s = w->op;
	if (learn_member(w, s)) {
		s->then(w, w->room);
		return;
	}
	room_release(w->room);
	w->room = NULL;
	ask_again(w);
}

static void learn_role(struct wait *w, struct search *s)
{
	if (!s->op.user_no || s->op.user_role != USER_ROLE_OWNER)
		return;
	s->sees_all = true;
	if (w->user->role == USER_ROLE_OWNER)
		return;
	w->user->role = USER_ROLE_OWNER;
	w->user->n_told++; /* a state that is being made may contain the old role */
}

/* The room that the store found, as memory has it. NULL: the store is asked again, because memory may have been further, and has let go of the room. */
static struct room *room_found(struct wait *w, const struct search *s)
{
	struct chat *c = w->answer.chat;
	struct room *r = room_by_id(&c->rooms, &s->op.room.id);
	if (r || (s->n_unloads == chat_n_unloads(c) && !room_changed_since(c, &s->op.room.id, s->n_changes)))
		return r ? r : room_load(&c->rooms, &s->op.room);
	ask_again(w);
	return NULL;
}

static void found(struct wait *w)
{
	struct search *s = w->op;
	if (w->result == -ENOENT) {
		s->then(w, NULL);
		return;
	}
	if (wait_failed(w, WIRE_NOT_FOUND, NULL) || wait_is_void(w))
		return;
	learn_role(w, s);
	/* The server's logs have no members. */
	if (room_no_is_hidden(s->op.room.no) || is_hidden(w, s, room_by_id(&w->answer.chat->rooms, &s->op.room.id))) {
		s->then(w, NULL);
		return;
	}
	struct room *r = room_found(w, s);
	if (!r)
		return;
	room_hold(r);
	w->room = r;
	bool is_shared = w->answer.chat->store->is_shared;
	if (is_shared)
		room_expect(r, s->op.room.last_seq);
	wait_room_or_away(w, is_shared ? s->op.room.last_seq : 0, caught_up);
}

void room_lookup(struct call *call, void (*then)(struct wait *w, struct room *r))
{
	struct search *s = wait_store_with(call, STORE_ROOM_FIND, sizeof(*s), found, NULL);
	const struct room_ref *ref = room_ref_of(call->request);
	auto_buf key = BUF_INIT;
	if (!ref->is_id)
		text_name_key(ref->name.s, ref->name.n, &key);
	struct room *r = in_memory(call->chat, call->user, ref, &key);
	bool sees_all = rights_access(call->request->command) == ACCESS_OPERATOR || (call->user && call->user->role == USER_ROLE_OWNER);
	bool is_known = r && !call->chat->store->is_shared && (sees_all || may_see(call->user, r));
	if (is_known || (!ref->is_id && key.len == 0)) {
		hold_and_go_on(wait_of(s), r, then);
		wait_drop(s);
		return;
	}
	s->then = then;
	s->sees_all = sees_all;
	s->n_unloads = chat_n_unloads(call->chat);
	s->n_changes = call->chat->n_changes;
	s->op.by_id = ref->is_id;
	s->op.user_no = wait_asker_no(wait_of(s));
	s->op.private_too = sees_all;
	s->op.id = ref->id;
	s->op.name_key = wait_keep(s, &key);
	if (rights_access(call->request->command) == ACCESS_MEMBER)
		wait_hold_reading(wait_of(s));
	wait_go(s);
}

void room_lookup_refuse(struct wait *w, struct room *r)
{
	if (r && (r->kind == ROOM_PUBLIC || w->user->role == USER_ROLE_OWNER)) /* a member of a private room is just leaving */
		answer_error(&w->answer, WIRE_FORBIDDEN, "join the room first", 0);
	else
		answer_error(&w->answer, WIRE_NOT_FOUND, "there is no such room, or you may not see it", 0);
}

bool room_lookup_rules(struct wait *w, struct room *r)
{
	const struct member *m = r ? user_member_of(w->user, r) : NULL;
	bool owns = m && !m->leaving && m->role == MEMBER_ROLE_OWNER;
	if (r && (owns || w->user->role == USER_ROLE_OWNER))
		return true;
	if (m && !m->leaving)
		answer_error(&w->answer, WIRE_FORBIDDEN, "only the room's owner may do this, or the server's", 0);
	else
		room_lookup_refuse(w, r);
	return false;
}
