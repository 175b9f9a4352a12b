#include "chat/sign_in.h"

#include "chat/rate.h"
#include "chat/session.h"
#include "chat/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sign_in {
	struct store_sign_in op; /* first: the store hands this back */
	struct loop_call later;  /* when the store could not be asked */
	struct chat *chat;
	uint64_t session_id;
	uint64_t n_unloads, n_changes; /* when the store was asked */
	void (*then)(struct session *s, enum wire_error error, void *arg);
	void *arg;
};

static void finish(struct sign_in *in, struct session *s, enum wire_error error)
{
	in->chat->n_pending--;
	in->then(s, error, in->arg);
	store_sign_in_finish(&in->op);
	free(in);
}

static void busy(struct loop_call *call)
{
	struct sign_in *in = list_entry(call, struct sign_in, later);
	finish(in, session_by_id(in->chat, in->session_id), WIRE_UNAVAILABLE);
}

static void ask(struct sign_in *in)
{
	in->n_unloads = chat_n_unloads(in->chat);
	in->n_changes = in->chat->n_changes;
	if (in->chat->store->methods->submit(in->chat->store, &in->op.op) == 0)
		return;
	in->later.run = busy;
	loop_post(in->chat->loop, &in->later);
}

/* What was read: the token may be gone by now, and of who is not in memory the rooms may have come further. */
static bool may_be_old(const struct sign_in *in)
{
	struct chat *c = in->chat;
	const struct store_sign_in *op = &in->op;
	if (c->changed_at[op->user.no % CHANGE_SLOTS] > in->n_changes)
		return true;
	return !user_by_no(c, op->user.no) &&
	       (in->n_unloads != chat_n_unloads(c) || user_rooms_are_old(c, op->memberships, op->n_memberships, in->n_changes));
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
	if (may_be_old(in)) {
		store_sign_in_finish(&in->op);
		ask(in);
		return;
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
	ask(in);
}
