/*
 * Makes an account for anybody who asks. With the code that the server told the person who started it, makes the account of the server's owner.
 */
#include "chat/owner_link.h"
#include "chat/rate.h"
#include "codec/request_fault.h"
#include "command/account/account_make.h"
#include "command/dispatch.h"

static void refuse_code(const struct answer *a)
{
	struct request_fault fault;
	request_fault_of(
		&fault, WIRE_FORBIDDEN, "owner_code", "%s",
		"this link was used already, or the server has been started again since; it prints a new one at each start until it has an owner");
	answer_fault(a, &fault);
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
	enum owner_link_answer link = for_owner ? owner_link_is(call->chat, data.owner_code) : OWNER_LINK_OURS;
	if (link == OWNER_LINK_WRONG) {
		struct answer a = answer_of(call);
		refuse_code(&a);
		return;
	}
	struct account_make *m = account_make_begin(call, data.name, USER_PERSON, account_make_answer);
	if (!m)
		return;
	if (for_owner) {
		m->op.role = USER_ROLE_OWNER;
		m->op.first_owner = true;
		m->refuse_code = refuse_code;
	}
	if (link == OWNER_LINK_ANOTHERS) {
		secret_token_hash(data.owner_code.s, data.owner_code.n, m->owner_link);
		m->op.owner_link = m->owner_link;
	}
	account_make_go(m, data.password);
}
