/*
 * Name and password for a token. The same answer, after the same time, whether the name or the password is wrong. What nobody is named or has for a password is wrong
 * like any other. A hash that an earlier version made of the password as it was sent is replaced when its owner comes.
 */
#include "chat/rate.h"
#include "chat/state_encode.h"
#include "codec/text_clean.h"
#include "command/account/password.h"
#include "command/dispatch.h"

#include <errno.h>
#include <stdlib.h>

struct login {
	struct store_user_by_name find; /* first: the store hands this back */
	struct store_token_create token;
	struct worker_job verifying;
	struct wait wait;
	struct buf name_key;
	struct password_tries tries;
	char secret[SECRET_TOKEN_CHARS + 1];
	char renewed_hash[SECRET_PASSWORD_CHARS];
	bool right, renewed, again;
};

static void login_free(struct login *l)
{
	wait_end(&l->wait);
	store_user_finish(&l->find.user);
	free(l->find.password_hash);
	buf_finish(&l->name_key);
	password_finish(&l->tries.prepared);
	secret_wipe(l->secret, sizeof(l->secret));
	free(l);
}

static void find(struct login *l);

static void token_stored(struct store_op *op)
{
	struct login *l = list_entry(op, struct login, token.op);
	if (op->result == -ENOENT && !l->again) { /* another login renewed the hash, or there is another password */
		l->again = true;
		find(l);
		return;
	}
	if (op->result == 0) {
		auto_buf data = BUF_INIT;
		state_encode_token(&data, &l->find.user, l->secret);
		struct session *s = answer_session(&l->wait.answer);
		if (s)
			conn_set_cookie(s->follower.conn, l->secret);
		answer_ok(&l->wait.answer, &data);
	} else {
		wait_answer_failure(&l->wait, op->result, WIRE_WRONG_CREDENTIALS, NULL);
	}
	login_free(l);
}

static void verify(struct worker_job *job, void *thread_state)
{
	struct login *l = list_entry(job, struct login, verifying);
	struct text password = l->wait.request.data.account_login.password;
	(void)thread_state;
	l->right = password_tries_verify(&l->tries, password, l->find.password_hash, l->renewed_hash, &l->renewed);
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
	l->token.renewed_password_hash = l->renewed ? l->renewed_hash : NULL;
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

static void find(struct login *l)
{
	store_user_finish(&l->find.user);
	free(l->find.password_hash);
	l->find = (struct store_user_by_name){.op = {.kind = STORE_USER_BY_NAME, .done = found},
					      .name_key = {(const char *)l->name_key.data, l->name_key.len}};
	if (!wait_submit(&l->wait, &l->find.op))
		login_free(l);
}

void handle_account_login(struct call *call)
{
	struct data_account_login data = call->request->data.account_login;
	struct answer answer = answer_of(call);
	auto_buf key = BUF_INIT;
	text_name_key(data.name.s, data.name.n, &key);
	if (call_must_wait(call, rate_password(call->session, key.data, key.len), "too many attempts"))
		return;
	struct password_tries tries = {0};
	if (!password_tries_take(&answer, data.password, &tries)) {
		password_finish(&tries.prepared);
		return;
	}
	struct login *l = mem_new(struct login);
	l->tries = tries;
	l->name_key = key;
	key = BUF_INIT;
	wait_begin(&l->wait, call, NULL);
	find(l);
}
