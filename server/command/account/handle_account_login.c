/*
 * Answers a token for a name and a password. A wrong name and a wrong password have the same answer after the same time. A name or password that nobody can have is
 * wrong in the same way. A hash that an earlier version made of the unprepared password is replaced when its owner signs in.
 */
#include "chat/rate.h"
#include "chat/state_encode.h"
#include "codec/text_clean.h"
#include "command/account/password.h"
#include "command/dispatch.h"
#include "command/wait_store.h"

#include <errno.h>

struct login {
	struct store_user_by_name find; /* first: wait_store_with() needs it there */
	struct store_token_create token;
	struct password_tries tries;
	char secret[SECRET_TOKEN_CHARS + 1];
	char renewed_hash[SECRET_PASSWORD_CHARS];
	bool right, renewed, again;
};

static void wipe(struct wait *w)
{
	struct login *l = w->op;
	password_finish(&l->tries.prepared);
	secret_wipe(l->secret, sizeof(l->secret));
}

static void found(struct wait *w);

static void token_stored(struct wait *w)
{
	struct login *l = w->op;
	auto_buf data = BUF_INIT;
	if (w->result == -ENOENT && !l->again) { /* another login renewed the hash, or the password changed */
		l->again = true;
		store_op_finish(&l->find.op);
		wait_also(w, STORE_USER_BY_NAME, &l->find.op, found);
		return;
	}
	if (wait_failed(w, WIRE_WRONG_CREDENTIALS, NULL))
		return;
	state_encode_token(&data, &l->find.user, l->secret);
	struct session *s = answer_session(&w->answer);
	if (s)
		conn_set_cookie(s->follower.conn, l->secret);
	answer_ok(&w->answer, &data);
}

/* On a hashing thread. */
static bool verify(struct wait *w)
{
	struct login *l = w->op;
	struct text password = w->request.data.account_login.password;
	l->right = password_tries_verify(&l->tries, password, l->find.password_hash, l->renewed_hash, &l->renewed);
	return true;
}

static void verified(struct wait *w)
{
	struct login *l = w->op;
	if (!l->right || !l->find.password_hash) {
		answer_error(&w->answer, WIRE_WRONG_CREDENTIALS, NULL, 0);
		return;
	}
	secret_token(l->secret);
	l->token.user_no = l->find.user.no;
	l->token.kind = TOKEN_SESSION;
	l->token.password_hash = l->find.password_hash; /* when it was replaced meanwhile, no session may begin */
	l->token.renewed_password_hash = l->renewed ? l->renewed_hash : NULL;
	secret_token_hash(l->secret, SECRET_TOKEN_CHARS, l->token.hash);
	wait_also(w, STORE_TOKEN_CREATE, &l->token.op, token_stored);
}

static void found(struct wait *w)
{
	if (w->result == -ENOENT || !wait_failed(w, WIRE_WRONG_CREDENTIALS, NULL))
		wait_hash(w, verify, verified);
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
	struct login *l = wait_store_with(call, STORE_USER_BY_NAME, sizeof(*l), found, wipe);
	l->tries = tries;
	l->find.name_key = wait_keep(l, &key);
	wait_go(l);
}
