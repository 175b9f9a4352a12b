#include "command/room_lookup.h"

#include "chat/user.h"
#include "codec/text_clean.h"
#include "command/rights.h"
#include "room/room.h"
#include "store/notices.h"

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
		return r && r->no != SERVER_LOG_ROOM_NO ? r : NULL;
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

static void hold_and_go_on(struct wait *w, struct room *r, void (*then)(struct wait *w, struct room *r))
{
	if (r)
		room_hold(r);
	w->room = r;
	then(w, r);
}

static void found(struct wait *w)
{
	struct search *s = w->op;
	struct chat *c = w->answer.chat;
	if (w->result == -ENOENT) {
		s->then(w, NULL);
		return;
	}
	if (wait_failed(w, WIRE_NOT_FOUND, NULL))
		return;
	if (s->op.room.no == SERVER_LOG_ROOM_NO) { /* it has no members */
		s->then(w, NULL);
		return;
	}
	struct room *r = room_by_id(&c->rooms, &s->op.room.id);
	/* All rooms of a user in memory are in memory, so the user is not a member of any other room. */
	bool hidden = !s->sees_all && (r ? !may_see(w->user, r) : s->op.room.kind == ROOM_PRIVATE);
	if (!r && !hidden && (s->n_unloads != chat_n_unloads(c) || room_changed_since(c, &s->op.room.id, s->n_changes))) {
		s->n_unloads = chat_n_unloads(c);
		s->n_changes = c->n_changes;
		store_op_finish(&s->op.op);
		wait_also(w, STORE_ROOM_FIND, &s->op.op, found);
		return;
	}
	if (!r && !hidden)
		r = room_load(&c->rooms, &s->op.room);
	hold_and_go_on(w, hidden ? NULL : r, s->then);
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
	if ((r && (sees_all || may_see(call->user, r))) || (!ref->is_id && key.len == 0)) {
		hold_and_go_on(wait_of(s), r, then);
		wait_drop(s);
		return;
	}
	s->then = then;
	s->sees_all = sees_all;
	s->n_unloads = chat_n_unloads(call->chat);
	s->n_changes = call->chat->n_changes;
	s->op.by_id = ref->is_id;
	s->op.private_too = sees_all;
	s->op.id = ref->id;
	s->op.name_key = wait_keep(s, &key);
	wait_go(s);
}

static void refuse(struct wait *w, struct room *r)
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
		refuse(w, r);
	return false;
}

void room_lookup_refuse(struct call *call)
{
	room_lookup(call, refuse);
}
