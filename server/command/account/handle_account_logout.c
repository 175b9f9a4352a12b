#include "chat/guests_end.h"
#include "chat/user_tell.h"
#include "command/dispatch.h"
#include "command/wait_store.h"

#include <string.h>

static void deleted(struct wait *w)
{
	if (wait_failed(w, WIRE_INVALID_TOKEN, NULL))
		return;
	if (w->user->kind == USER_GUEST)
		guests_end_soon(w->answer.chat);
	struct session *s = answer_session(&w->answer);
	if (s)
		conn_set_cookie(s->follower.conn, NULL);
	answer_ok(&w->answer, NULL);
	user_tell_op(w->answer.chat, w->op, 0);
}

void handle_account_logout(struct call *call)
{
	const struct session *s = call->session;
	if (!s->has_token_hash) {
		call_error(call, WIRE_INVALID_TOKEN, NULL);
		return;
	}
	struct store_token_delete *op = wait_store(call, STORE_TOKEN_DELETE, deleted);
	memcpy(op->hash, s->token_hash, sizeof(op->hash));
	op->everywhere = call->request->data.account_logout.everywhere;
	wait_go(op);
}
