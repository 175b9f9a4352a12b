#include "chat/guests_end.h"
#include "chat/user_tell.h"
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

/* Also its own token: a bot's is not a session token. */
static void tell_ended(const struct logout *l)
{
	struct user_notice ended = {.kind = NOTICE_TOKEN_ENDED, .user_no = l->wait.user->no};
	struct user_notice all = {.kind = NOTICE_TOKENS_ENDED, .user_no = l->wait.user->no, .up_to = TOKEN_SESSION};
	memcpy(ended.token_hash, l->op.hash, sizeof(ended.token_hash));
	user_tell(l->wait.answer.chat, &ended, 0);
	if (l->op.everywhere)
		user_tell(l->wait.answer.chat, &all, 0);
}

static void deleted(struct store_op *op)
{
	struct logout *l = (struct logout *)(void *)op;
	if (op->result == 0) {
		if (l->wait.user->kind == USER_GUEST)
			guests_end_soon(l->wait.answer.chat);
		struct session *s = answer_session(&l->wait.answer);
		if (s)
			conn_set_cookie(s->follower.conn, NULL);
		answer_ok(&l->wait.answer, NULL);
		tell_ended(l);
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
