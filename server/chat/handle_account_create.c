#include "chat/account_make.h"
#include "chat/dispatch.h"
#include "chat/rate.h"

void handle_account_create(struct call *call)
{
	struct data_account_create data = call->request->data.account_create;
	uint32_t wait_ms = rate_account_made(call->session);
	if (wait_ms) {
		struct answer a = answer_of(call);
		answer_error(&a, WIRE_RATE_LIMITED, "too many accounts from this address", wait_ms);
		return;
	}
	struct account_make *m = account_make_begin(call, data.name, USER_PERSON, account_make_answer);
	if (m)
		account_make_go(m, data.password);
}
