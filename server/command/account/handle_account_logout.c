#include "chat/guests_end.h"
#include "chat/session.h"
#include "command/dispatch.h"

#include <stdlib.h>
#include <string.h>

struct logout {
	struct store_token_delete op; /* first: the store hands this back */
	struct wait wait;
};

static void logout_free(struct logout *l)
{
	wait_end(&l->wait);
	free(l);
}

static void deleted(struct store_op *op)
{
	struct logout *l = (struct logout *)(void *)op;
	if (op->result == 0) {
		l->wait.answer.chat->n_revokes++;
		if (l->wait.user->kind == USER_GUEST)
			guests_end_soon(l->wait.answer.chat);
		struct session *s = answer_session(&l->wait.answer);
		if (s)
			conn_set_cookie(s->conn, NULL);
		answer_ok(&l->wait.answer, NULL);
		session_cut(l->wait.user, l->op.hash); /* a bot's token is not a session token */
		if (l->op.everywhere)
			session_cut_all(l->wait.user, TOKEN_SESSION);
	} else {
		wait_answer_failure(&l->wait, op->result, WIRE_INVALID_TOKEN, NULL);
	}
	logout_free(l);
}

void handle_account_logout(struct call *call)
{
	const struct session *s = call->session;
	if (!s->has_token_hash) {
		call_error(call, WIRE_INVALID_TOKEN, NULL);
		return;
	}
	struct logout *l = mem_new(struct logout);
	l->op.op = (struct store_op){.kind = STORE_TOKEN_DELETE, .done = deleted};
	memcpy(l->op.hash, s->token_hash, sizeof(l->op.hash));
	l->op.everywhere = call->request->data.account_logout.everywhere;
	wait_begin(&l->wait, call, NULL);
	if (!wait_submit(&l->wait, &l->op.op))
		logout_free(l);
}
