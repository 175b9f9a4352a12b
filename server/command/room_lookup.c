#include "command/room_lookup.h"

#include "chat/user.h"
#include "codec/text_clean.h"
#include "command/dispatch.h"
#include "room/room.h"

#include <errno.h>
#include <stdlib.h>

struct search {
	struct store_room_find op; /* first: the store hands this back */
	struct wait wait;
	struct buf name_key;
	bool sees_all;
	uint64_t n_unloads; /* when the store was asked: a room that left memory since may be newer than the answer */
	uint64_t n_changes; /* chat.n_changes, then: so may one that changed and is not in memory */
	void (*then)(struct wait *w, struct room *r);
};

/* A name is first the private room of the user's that has it: what is meant for that one must not go to a public one that somebody else names so. */
static struct room *in_memory(struct chat *c, struct user *u, const struct room_ref *ref, const struct buf *key)
{
	if (ref->is_id)
		return room_by_id(&c->rooms, &ref->id);
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

static void search_free(struct search *s)
{
	store_room_finish(&s->op.room);
	buf_finish(&s->name_key);
	free(s);
}

static void found(struct store_op *op)
{
	struct search *s = (struct search *)(void *)op;
	struct chat *c = s->wait.answer.chat;
	struct room *r = NULL;
	if (op->result == 0)
		r = room_by_id(&c->rooms, &s->op.room.id);
	/* All rooms of a user in memory are in memory: of one that is not there the user is no member. */
	bool hidden = !s->sees_all && (r ? !may_see(s->wait.user, r) : s->op.room.kind == ROOM_PRIVATE);
	if (op->result == 0 && hidden) {
		r = NULL;
	} else if (op->result == 0) {
		if (!r && (s->n_unloads != chat_n_unloads(c) || room_changed_since(c, &s->op.room.id, s->n_changes))) {
			s->n_unloads = chat_n_unloads(c);
			s->n_changes = c->n_changes;
			store_room_finish(&s->op.room);
			if (wait_submit(&s->wait, op))
				return;
			wait_end(&s->wait);
			search_free(s);
			return;
		}
		if (!r)
			r = room_load(&c->rooms, &s->op.room);
		room_hold(r);
		s->wait.room = r;
	} else if (op->result != -ENOENT) {
		wait_answer_failure(&s->wait, op->result, WIRE_NOT_FOUND, NULL);
		wait_end(&s->wait);
		search_free(s);
		return;
	}
	s->then(&s->wait, r);
	search_free(s);
}

void room_lookup(struct call *call, void (*then)(struct wait *w, struct room *r))
{
	const struct room_ref *ref = room_ref_of(call->request);
	auto_buf key = BUF_INIT;
	if (!ref->is_id)
		text_name_key(ref->name.s, ref->name.n, &key);
	struct room *r = in_memory(call->chat, call->user, ref, &key);
	bool sees_all = dispatch_access(call->request->command) == ACCESS_OPERATOR || (call->user && call->user->role == USER_ROLE_OWNER);
	if ((r && (sees_all || may_see(call->user, r))) || (!ref->is_id && key.len == 0)) {
		struct wait w;
		wait_begin(&w, call, r);
		then(&w, r);
		return;
	}
	struct search *s = mem_new(struct search);
	s->then = then;
	s->sees_all = sees_all;
	s->n_unloads = chat_n_unloads(call->chat);
	s->n_changes = call->chat->n_changes;
	s->op.op = (struct store_op){.kind = STORE_ROOM_FIND, .done = found};
	s->op.by_id = ref->is_id;
	s->op.private_too = sees_all;
	s->op.id = ref->id;
	s->name_key = key;
	key = BUF_INIT;
	s->op.name_key = (struct text){(const char *)s->name_key.data, s->name_key.len};
	wait_begin(&s->wait, call, NULL);
	if (wait_submit(&s->wait, &s->op.op))
		return;
	wait_end(&s->wait);
	search_free(s);
}

static void refuse(struct wait *w, struct room *r)
{
	if (r && (r->kind == ROOM_PUBLIC || w->user->role == USER_ROLE_OWNER)) /* private: just leaving */
		answer_error(&w->answer, WIRE_FORBIDDEN, "join the room first", 0);
	else
		answer_error(&w->answer, WIRE_NOT_FOUND, "there is no such room, or you may not see it", 0);
	wait_end(w);
}

bool room_lookup_rules(struct wait *w, struct room *r)
{
	const struct member *m = r ? user_member_of(w->user, r) : NULL;
	bool owns = m && !m->leaving && m->role == MEMBER_ROLE_OWNER;
	if (r && (owns || w->user->role == USER_ROLE_OWNER))
		return true;
	if (m && !m->leaving) {
		answer_error(&w->answer, WIRE_FORBIDDEN, "only the room's owner may do this, or the server's", 0);
		wait_end(w);
	} else {
		refuse(w, r);
	}
	return false;
}

void room_lookup_refuse(struct call *call)
{
	room_lookup(call, refuse);
}
