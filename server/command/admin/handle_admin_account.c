/*
 * Makes an account for a person, also on a server where people cannot make their own.
 */
#include "command/account/account_make.h"
#include "command/dispatch.h"

void handle_admin_account(struct call *call)
{
	struct data_admin_account data = call->request->data.admin_account;
	struct account_make *m = account_make_begin(call, data.name, USER_PERSON, account_make_answer_id);
	if (!m)
		return;
	m->op.has_token = false;
	account_make_go(m, data.password);
}
