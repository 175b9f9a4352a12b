/*
 * Name and password for a token. The same answer, after the same time, whether the name or the password is wrong.
 */
#include "chat/account_make.h"
#include "chat/dispatch.h"
#include "chat/rate.h"
#include "chat/state_encode.h"
#include "codec/text_clean.h"

#include <errno.h>
#include <stdlib.h>

struct login {
	struct store_user_by_name find; /* first: the store hands this back */
	struct store_token_create token;
	struct worker_job verifying;
	struct wait wait;
	struct buf name, name_key;
	char secret[SECRET_TOKEN_CHARS + 1];
	bool right;
};

static void login_free(struct login *l)
{
	wait_end(&l->wait);
	store_user_finish(&l->find.user);
	free(l->find.password_hash);
	buf_finish(&l->name);
	buf_finish(&l->name_key);
	secret_wipe(l->secret, sizeof(l->secret));
	free(l);
}

static void token_stored(struct store_op *op)
{
	struct login *l = list_entry(op, struct login, token.op);
	if (op->result == 0) {
		auto_buf data = BUF_INIT;
		state_encode_token(&data, &l->find.user, l->secret);
		struct session *s = answer_session(&l->wait.answer);
		if (s)
			conn_set_cookie(s->conn, l->secret);
		answer_ok(&l->wait.answer, &data);
	} else {
		wait_answer_failure(&l->wait, op->result, WIRE_WRONG_CREDENTIALS, NULL);
	}
	login_free(l);
}

static void verify(struct worker_job *job, void *thread_state)
{
	struct login *l = list_entry(job, struct login, verifying);
	const struct text *password = &l->wait.request.data.account_login.password;
	(void)thread_state;
	l->right = secret_password_verify(l->find.password_hash, password->s, password->n);
}

static void verified(struct worker_job *job)
{
	struct login *l = list_entry(job, struct login, verifying);
	if (!l->right || !l->find.password_hash) {
		answer_error(&l->wait.answer, WIRE_WRONG_CREDENTIALS, NULL, 0);
		login_free(l);
		return;
	}
	secret_token(l->secret);
	l->token.op = (struct store_op){.kind = STORE_TOKEN_CREATE, .done = token_stored};
	l->token.user_no = l->find.user.no;
	l->token.kind = TOKEN_SESSION;
	l->token.password_hash = l->find.password_hash; /* it may have been replaced meanwhile, and then no session may be left */
	secret_token_hash(l->secret, SECRET_TOKEN_CHARS, l->token.hash);
	if (!wait_submit(&l->wait, &l->token.op))
		login_free(l);
}

static void found(struct store_op *op)
{
	struct login *l = (struct login *)(void *)op;
	if (op->result != 0 && op->result != -ENOENT) {
		wait_answer_failure(&l->wait, op->result, WIRE_WRONG_CREDENTIALS, NULL);
		login_free(l);
		return;
	}
	l->verifying.run = verify;
	l->verifying.done = verified;
	if (worker_submit(l->wait.answer.chat->hashers, &l->verifying) == 0)
		return;
	answer_error(&l->wait.answer, WIRE_RATE_LIMITED, "too many passwords are being checked", 1000);
	login_free(l);
}

void handle_account_login(struct call *call)
{
	struct text name = call->request->data.account_login.name;
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	if (!account_clean_name(call, "name", name, &shown, &key))
		return;
	if (call_must_wait(call, rate_password(call->session, key.data, key.len), "too many attempts"))
		return;
	struct login *l = mem_new(struct login);
	l->name = shown;
	l->name_key = key;
	shown = key = BUF_INIT;
	l->find.op = (struct store_op){.kind = STORE_USER_BY_NAME, .done = found};
	l->find.name_key = (struct text){(const char *)l->name_key.data, l->name_key.len};
	wait_begin(&l->wait, call, NULL);
	if (!wait_submit(&l->wait, &l->find.op))
		login_free(l);
}
