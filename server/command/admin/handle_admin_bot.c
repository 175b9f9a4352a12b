/*
 * Makes a bot; or, with `renew`, replaces every token of one that is there, because the operator does not have the one that must end.
 */
#include "chat/state_encode.h"
#include "chat/user_tell.h"
#include "codec/text_clean.h"
#include "command/account/account_make.h"
#include "command/dispatch.h"

#include <errno.h>
#include <stdlib.h>

struct renewal {
	struct store_user_by_name find; /* first: the store hands this back */
	struct store_token_create token;
	struct wait wait;
	struct buf name_key;
	char secret[SECRET_TOKEN_CHARS + 1];
};

static void renewal_free(struct renewal *r)
{
	wait_end(&r->wait);
	store_user_finish(&r->find.user);
	free(r->find.password_hash);
	buf_finish(&r->name_key);
	secret_wipe(r->secret, sizeof(r->secret));
	free(r);
}

static void token_stored(struct store_op *op)
{
	struct renewal *r = list_entry(op, struct renewal, token.op);
	struct user_notice ended = {.kind = NOTICE_TOKENS_ENDED, .user_no = r->find.user.no, .up_to = TOKEN_BOT};
	if (op->result == 0) {
		user_tell(r->wait.answer.chat, &ended, 0);
		auto_buf data = BUF_INIT;
		state_encode_token(&data, &r->find.user, r->secret);
		answer_ok(&r->wait.answer, &data);
	} else {
		wait_answer_failure(&r->wait, op->result, WIRE_INTERNAL, NULL);
	}
	renewal_free(r);
}

static void found(struct store_op *op)
{
	struct renewal *r = (struct renewal *)(void *)op;
	int result = op->result == 0 && r->find.user.kind != USER_BOT ? -ENOENT : op->result;
	if (result != 0) {
		wait_answer_absent(&r->wait, result, "name", "there is no bot with this name");
		renewal_free(r);
		return;
	}
	secret_token(r->secret);
	r->token.op = (struct store_op){.kind = STORE_TOKEN_CREATE, .done = token_stored};
	r->token.user_no = r->find.user.no;
	r->token.kind = TOKEN_BOT;
	r->token.alone = true;
	secret_token_hash(r->secret, SECRET_TOKEN_CHARS, r->token.hash);
	if (!wait_submit(&r->wait, &r->token.op))
		renewal_free(r);
}

static void renew(struct call *call, struct text name)
{
	struct renewal *r = mem_new(struct renewal);
	text_name_key(name.s, name.n, &r->name_key);
	r->find.op = (struct store_op){.kind = STORE_USER_BY_NAME, .done = found};
	r->find.name_key = (struct text){(const char *)r->name_key.data, r->name_key.len};
	wait_begin(&r->wait, call, NULL);
	if (!wait_submit(&r->wait, &r->find.op))
		renewal_free(r);
}

void handle_admin_bot(struct call *call)
{
	const struct data_admin_bot *d = &call->request->data.admin_bot;
	if (d->renew) {
		renew(call, d->name);
		return;
	}
	struct account_make *m = account_make_begin(call, d->name, USER_BOT, account_make_answer);
	if (m)
		account_make_go(m, (struct text){0});
}
