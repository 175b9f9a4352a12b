/*
 * Makes an account for anybody who asks. With the code that the server told the person who started it, makes the account of the server's owner.
 */
#include "chat/rate.h"
#include "codec/request_fault.h"
#include "command/account/account_make.h"
#include "command/dispatch.h"

static bool is_owner_code(const struct chat *c, struct text code)
{
	return c->owner_code[0] && code.n == SECRET_TOKEN_CHARS && secret_equal(code.s, c->owner_code, SECRET_TOKEN_CHARS);
}

void handle_account_create(struct call *call)
{
	struct data_account_create data = call->request->data.account_create;
	bool for_owner = data.owner_code.s != NULL;
	if (!for_owner && call->chat->config.accounts_closed) {
		call_error(call, WIRE_ACCOUNTS_CLOSED, NULL);
		return;
	}
	if (call_must_wait(call, rate_account_made(call->session), "too many accounts from this address"))
		return;
	if (for_owner && !is_owner_code(call->chat, data.owner_code)) {
		struct request_fault fault;
		request_fault_of(
			&fault, WIRE_FORBIDDEN, "owner_code", "%s",
			"this link was used already, or the server has been started again since; it prints a new one at each start until it has an owner");
		call_fault(call, &fault);
		return;
	}
	struct account_make *m = account_make_begin(call, data.name, USER_PERSON, account_make_answer);
	if (!m)
		return;
	if (for_owner) {
		m->op.role = USER_ROLE_OWNER;
		m->op.first_owner = true;
	}
	account_make_go(m, data.password);
}
