/*
 * Makes a bot. With `renew` it replaces every token of an existing one, because the operator cannot name the token that has to end.
 */
#include "chat/state_encode.h"
#include "chat/user_tell.h"
#include "codec/text_clean.h"
#include "command/account/account_make.h"
#include "command/dispatch.h"
#include "command/wait_store.h"

#include <errno.h>

struct renewal {
	struct store_user_by_name find; /* first: wait_store_with() needs it there */
	struct store_token_create token;
	char secret[SECRET_TOKEN_CHARS + 1];
};

static void wipe(struct wait *w)
{
	struct renewal *r = w->op;
	secret_wipe(r->secret, sizeof(r->secret));
}

static void token_stored(struct wait *w)
{
	const struct renewal *r = w->op;
	auto_buf data = BUF_INIT;
	if (wait_failed(w, WIRE_INTERNAL, NULL))
		return;
	user_tell_op(w->answer.chat, &r->token.op, 0);
	state_encode_token(&data, &r->find.user, r->secret);
	answer_ok(&w->answer, &data);
}

static void found(struct wait *w)
{
	struct renewal *r = w->op;
	if (w->result == 0 && r->find.user.kind != USER_BOT)
		w->result = -ENOENT;
	if (wait_failed_field(w, "name", "there is no bot with this name"))
		return;
	secret_token(r->secret);
	r->token.user_no = r->find.user.no;
	r->token.kind = TOKEN_BOT;
	r->token.alone = true;
	secret_token_hash(r->secret, SECRET_TOKEN_CHARS, r->token.hash);
	wait_also(w, STORE_TOKEN_CREATE, &r->token.op, token_stored);
}

static void renew(struct call *call, struct text name)
{
	auto_buf key = BUF_INIT;
	struct renewal *r = wait_store_with(call, STORE_USER_BY_NAME, sizeof(*r), found, wipe);
	text_name_key(name.s, name.n, &key);
	r->find.name_key = wait_keep(r, &key);
	wait_go(r);
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
