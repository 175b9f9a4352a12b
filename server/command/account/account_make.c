#include "command/account/account_make.h"

#include "chat/state_encode.h"
#include "chat/user_tell.h"
#include "codec/text_clean.h"
#include "command/account/password.h"

#include <errno.h>
#include <stdio.h>

bool account_clean_name(const struct call *call, const char *member, struct text name, struct buf *shown, struct buf *key)
{
	enum name_fault fault = text_clean_name(name.s, name.n, call->chat->config.limits.name_bytes, shown, key);
	char message[200];
	if (fault == NAME_OK)
		return true;
	snprintf(message, sizeof(message), "the name %s", name_fault_text(fault));
	call_refuse(call, member, message);
	return false;
}

/* After a failure the session may try again. */
static void make_finish(struct wait *w)
{
	struct account_make *m = w->op;
	struct session *s = answer_session(&w->answer);
	if (s && m->op.kind == USER_GUEST)
		s->follower.starting = false;
	password_finish(&m->password);
	secret_wipe(m->token, sizeof(m->token));
}

static void stored(struct wait *w)
{
	const struct account_make *m = w->op;
	if (m->refuse_code && (w->result == -EACCES || w->result == -EPERM)) {
		m->refuse_code(&w->answer);
		return;
	}
	if (wait_failed(w, WIRE_INTERNAL, NULL))
		return;
	user_tell_op(w->answer.chat, &m->op.op, 0);
	m->then(w);
}

struct account_make *account_make_begin(struct call *call, struct text name, enum user_kind kind, wait_done *then)
{
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	if (!account_clean_name(call, kind == USER_GUEST ? "guest" : "name", name, &shown, &key))
		return NULL;
	struct account_make *m = wait_store_with(call, STORE_USER_CREATE, sizeof(*m), stored, make_finish);
	m->then = then;
	m->op.kind = kind;
	uid_random(&m->op.id, 1);
	m->op.name = wait_keep(m, &shown);
	m->op.name_key = wait_keep(m, &key);
	m->op.has_token = true;
	m->op.token_kind = kind == USER_BOT ? TOKEN_BOT : TOKEN_SESSION;
	secret_token(m->token);
	secret_token_hash(m->token, SECRET_TOKEN_CHARS, m->op.token_hash);
	if (call->user && kind == USER_BOT)
		m->op.created_by_no = call->user->no;
	return m;
}

/* On a hashing thread. */
static bool hash(struct wait *w)
{
	struct account_make *m = w->op;
	m->op.password_hash = m->password_hash;
	return secret_password_hash((const char *)m->password.data, m->password.len, m->password_hash) == 0;
}

void account_make_go(struct account_make *m, struct text password)
{
	const struct wait *w = wait_of(m);
	if (!password.s)
		wait_go(m);
	else if (password_take(&w->answer, password, &m->password))
		wait_hash_and_go(m, hash);
	else
		wait_drop(m);
}

void account_make_answer(struct wait *w)
{
	const struct account_make *m = w->op;
	auto_buf data = BUF_INIT;
	auto_free char *name = mem_strndup(m->op.name.s, m->op.name.n);
	const struct store_user made = {.id = m->op.id, .kind = m->op.kind, .role = m->op.role, .name = name};
	state_encode_token(&data, &made, m->token);
	struct session *s = answer_session(&w->answer);
	if (s && m->op.kind == USER_PERSON)
		conn_set_cookie(s->follower.conn, m->token);
	answer_ok(&w->answer, &data);
}

void account_make_answer_id(struct wait *w)
{
	const struct account_make *m = w->op;
	account_answer_id(&w->answer, &m->op.id);
}

void account_answer_id(const struct answer *a, const struct uid *user_id)
{
	auto_buf data = BUF_INIT;
	char id[UID_TEXT_BYTES + 1];
	uid_format(user_id, id);
	buf_appendf(&data, "{\"user_id\":\"%s\"}", id);
	answer_ok(a, &data);
}
