#include "chat/account_make.h"
#include "chat/dispatch.h"
#include "chat/rate.h"

void handle_bot_create(struct call *call)
{
	if (call->user->kind != USER_PERSON) {
		call_error(call, WIRE_FORBIDDEN, "only people with an account make bots");
		return;
	}
	uint32_t wait_ms = rate_account_made(call->session);
	if (wait_ms) {
		struct answer a = answer_of(call);
		answer_error(&a, WIRE_RATE_LIMITED, "too many accounts from this address", wait_ms);
		return;
	}
	struct account_make *m = account_make_begin(call, call->request->data.bot_create.name, USER_BOT, account_make_answer);
	if (m)
		account_make_go(m, (struct text){0});
}
