#include "chat/sign_in.h"

#include "chat/rate.h"
#include "chat/session.h"
#include "chat/user.h"
#include "chat/user_news.h"
#include "chat/user_refresh.h"
#include "room/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sign_in {
	struct store_sign_in op; /* first: the store hands this back */
	struct loop_call later;  /* runs when the store could not be asked, and when a room has caught up */
	struct room_wait wait;
	struct room *behind;   /* held while it catches up */
	size_t n_rooms_looked; /* memberships whose rooms have caught up */
	struct chat *chat;
	uint64_t session_id;
	bool counts;                   /* among everybody's sign-ins, if it ends well */
	uint64_t n_unloads, n_changes; /* when the store was asked */
	uint64_t told_no, n_told; /* at that time: user.n_told of this user, when it is asked for their memberships; told_no 0: it is not */
	void (*then)(struct session *s, enum wire_error error, void *arg);
	void *arg;
};

static void finish(struct sign_in *in, struct session *s, enum wire_error error)
{
	in->chat->n_pending--;
	if (in->counts && (!s || error != WIRE_OK))
		rate_admit_give_back(in->chat);
	in->then(s, error, in->arg);
	store_sign_in_finish(&in->op);
	free(in);
}

static void busy(struct loop_call *call)
{
	struct sign_in *in = list_entry(call, struct sign_in, later);
	finish(in, session_by_id(in->chat, in->session_id), WIRE_UNAVAILABLE);
}

static void crowded(struct loop_call *call)
{
	struct sign_in *in = list_entry(call, struct sign_in, later);
	finish(in, session_by_id(in->chat, in->session_id), WIRE_RATE_LIMITED);
}

static void ask(struct sign_in *in)
{
	in->n_unloads = chat_n_unloads(in->chat);
	in->n_changes = in->chat->n_changes;
	in->n_rooms_looked = 0;
	if (in->chat->store->methods->submit(in->chat->store, &in->op.op) == 0)
		return;
	in->later.run = busy;
	loop_post(in->chat->loop, &in->later);
}

/* Whether what was read may be old: the token may be gone by now, or the rooms of a user who is not in memory may have come further. */
static bool may_be_old(const struct sign_in *in)
{
	struct chat *c = in->chat;
	const struct store_sign_in *op = &in->op;
	if (c->changed_at[op->user.no % CHANGE_SLOTS] > in->n_changes)
		return true;
	return !user_by_no(c, op->user.no) &&
	       (in->n_unloads != chat_n_unloads(c) || user_rooms_are_old(c, op->memberships, op->n_memberships, in->n_changes));
}

static void ask_again(struct sign_in *in)
{
	const struct user *u = user_by_no(in->chat, in->op.user.no);
	in->told_no = u ? u->no : 0;
	in->n_told = u ? u->n_told : 0;
	store_sign_in_finish(&in->op);
	ask(in);
}

/* Whether memory has the same role and the same memberships. */
static bool memory_is_same(struct user *u, const struct store_sign_in *op)
{
	size_t n = 0;
	for (size_t i = 0; i < op->n_memberships; i++) {
		const struct room *r = room_by_id(&u->chat->rooms, &op->memberships[i].room.id);
		const struct member *m = r ? user_member_of(u, r) : NULL;
		n += m && m->leaving != MEMBER_LEFT_ELSEWHERE;
	}
	return n == op->n_memberships && n == u->n_members && op->user.role == u->role;
}

/*
 * Memory may be behind what was done through another server a moment ago: its notice is still to come. Whoever signs in then is not refused what they have, and not told of
 * what they left. Memory learns from the answer, unless it was told something of the user since the store was asked: false, the store is asked again.
 */
static bool memberships_are_known(struct sign_in *in)
{
	const struct store_sign_in *op = &in->op;
	struct user *u = user_by_no(in->chat, op->user.no);
	if (!u || !in->chat->store->is_shared || memory_is_same(u, op))
		return true;
	bool may_learn = in->told_no == u->no && in->n_told == u->n_told && in->n_unloads == chat_n_unloads(in->chat) &&
			 !user_rooms_are_old(in->chat, op->memberships, op->n_memberships, in->n_changes);
	if (may_learn)
		user_learn(u, op);
	return may_learn;
}

/* The rooms have caught up, so what is left are marks that were set through another server. */
static void learn_marks(const struct sign_in *in)
{
	const struct store_sign_in *op = &in->op;
	struct user *u = user_by_no(in->chat, op->user.no);
	for (size_t i = 0; u && i < op->n_memberships; i++) {
		const struct store_membership *known = &op->memberships[i];
		const struct room *r = room_by_id(&in->chat->rooms, &known->room.id);
		struct member *m = r ? user_member_of(u, r) : NULL;
		if (m && member_read_to(m, known->read_seq, known->read_messages))
			user_news_read_marked(m, NULL);
	}
}

static void signed_in(struct store_op *op);

static void go_on(struct loop_call *call)
{
	struct sign_in *in = list_entry(call, struct sign_in, later);
	signed_in(&in->op.op);
}

/* Goes on in the next turn, because the caller may be in the middle of other work. */
static void caught_up(struct room_wait *w)
{
	struct sign_in *in = list_entry(w, struct sign_in, wait);
	if (in->behind->feed.last_seq < w->seq && !in->behind->is_void)
		in->op.op.result = -ENOTCONN; /* the store went away meanwhile */
	room_release(in->behind);
	in->later.run = go_on;
	loop_post(in->chat->loop, &in->later);
}

/*
 * A client that comes from another server has that server's cursors. A room in memory here may be behind them, and would take them for cursors beyond the end. So
 * each room first comes as far as the store was, one wait a room. False while a room has to; signed_in() is then called again.
 */
static bool rooms_have_caught_up(struct sign_in *in)
{
	const struct store_sign_in *op = &in->op;
	while (in->n_rooms_looked < op->n_memberships) {
		const struct store_room *known = &op->memberships[in->n_rooms_looked++].room;
		struct room *r = room_by_id(&in->chat->rooms, &known->id);
		if (!r || r->feed.last_seq >= known->last_seq)
			continue;
		in->behind = r;
		room_hold(r);
		room_expect(r, known->last_seq);
		room_await_or_away(r, known->last_seq, &in->wait, caught_up);
		return false;
	}
	return true;
}

static void signed_in(struct store_op *op)
{
	struct sign_in *in = (struct sign_in *)(void *)op;
	struct session *s = session_by_id(in->chat, in->session_id);
	if (s)
		s->is_damaged = op->result == -EBADMSG;
	if (op->result != 0 || !s || s->user) {
		enum wire_error unknown = s && s->token_may_be_anothers ? WIRE_UNAUTHENTICATED : WIRE_INVALID_TOKEN;
		enum wire_error error = op->result == -ENOENT ? unknown : op->result ? WIRE_UNAVAILABLE : WIRE_ALREADY_STARTED;
		finish(in, s, error);
		return;
	}
	if (may_be_old(in) || !memberships_are_known(in)) {
		ask_again(in);
		return;
	}
	if (in->chat->store->is_shared && session_receives(s)) {
		if (!rooms_have_caught_up(in))
			return;
		learn_marks(in);
	}
	struct user *u = user_load(in->chat, &in->op.user, in->op.memberships, in->op.n_memberships);
	uint64_t most = in->chat->config.limits.account_sessions;
	if (most && session_receives(s) && u->n_sessions >= most) {
		finish(in, s, WIRE_TOO_MANY_SESSIONS);
		return;
	}
	s->retry_ms = rate_sign_in(s, u);
	if (s->retry_ms) {
		finish(in, s, WIRE_RATE_LIMITED);
		return;
	}
	session_enter(s, u, in->op.token_hash, in->op.token_kind);
	finish(in, s, WIRE_OK);
}

/* Whether it is one of those that come at once after the end of another server. */
static bool counts(const struct session *s)
{
	return session_receives(s) && !s->operator_socket;
}

void sign_in_by_token(struct session *s, const char *token, size_t n, void (*then)(struct session *s, enum wire_error error, void *arg),
		      void *arg)
{
	struct sign_in *in = mem_new(struct sign_in);
	in->op.op = (struct store_op){.kind = STORE_SIGN_IN, .done = signed_in};
	in->op.by_token = true;
	secret_token_hash(token, n, in->op.token_hash);
	in->chat = s->chat;
	in->session_id = s->id;
	in->then = then;
	in->arg = arg;
	s->chat->n_pending++;
	s->retry_ms = sign_in_admit(s);
	in->counts = counts(s) && !s->retry_ms;
	if (!s->retry_ms) {
		ask(in);
		return;
	}
	in->later.run = crowded;
	loop_post(in->chat->loop, &in->later);
}

uint32_t sign_in_admit(struct session *s)
{
	uint32_t wait_ms = counts(s) ? rate_admit(s) : 0;
	if (!wait_ms)
		return 0;
	metric_add(&s->chat->metrics->sign_ins_deferred_total, 1);
	s->n_unsigned_bytes = 0; /* it was told to send the same once more */
	conn_await_sign_in(s->follower.conn, wait_ms);
	return wait_ms;
}

void sign_in_give_back(struct session *s)
{
	if (counts(s))
		rate_admit_give_back(s->chat);
}
