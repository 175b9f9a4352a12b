#include "chat/rate.h"
#include "command/account/account_make.h"
#include "command/dispatch.h"

void handle_bot_create(struct call *call)
{
	if (call->user->kind != USER_PERSON) {
		call_error(call, WIRE_FORBIDDEN, "only people with an account make bots");
		return;
	}
	if (call_must_wait(call, rate_account_made(call->session), "too many accounts from this address"))
		return;
	struct account_make *m = account_make_begin(call, call->request->data.bot_create.name, USER_BOT, account_make_answer);
	if (m)
		account_make_go(m, (struct text){0});
}
