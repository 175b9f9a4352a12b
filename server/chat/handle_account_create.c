#include "chat/account_make.h"
#include "chat/dispatch.h"
#include "chat/rate.h"

void handle_account_create(struct call *call)
{
	struct data_account_create data = call->request->data.account_create;
	if (call_must_wait(call, rate_account_made(call->session), "too many accounts from this address"))
		return;
	struct account_make *m = account_make_begin(call, data.name, USER_PERSON, account_make_answer);
	if (m)
		account_make_go(m, data.password);
}
