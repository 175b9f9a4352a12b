/*
 * Without a password an existing account becomes the owner; with one the account is made.
 */
#include "command/account/account_make.h"
#include "command/account/password_set.h"
#include "command/dispatch.h"

void handle_admin_owner(struct call *call)
{
	struct data_admin_owner data = call->request->data.admin_owner;
	if (!data.password.s) {
		password_set(call, data.name, data.password, true);
		return;
	}
	struct account_make *m = account_make_begin(call, data.name, USER_PERSON, account_make_answer_id);
	if (!m)
		return;
	m->op.role = USER_ROLE_OWNER;
	m->op.has_token = false;
	account_make_go(m, data.password);
}
