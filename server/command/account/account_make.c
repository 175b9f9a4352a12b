#include "command/account/account_make.h"

#include "chat/state_encode.h"
#include "chat/user_tell.h"
#include "codec/text_clean.h"
#include "command/account/password.h"

#include <stdio.h>
#include <stdlib.h>

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

struct account_make *account_make_begin(struct call *call, struct text name, enum user_kind kind, void (*then)(struct account_make *m))
{
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	if (!account_clean_name(call, kind == USER_GUEST ? "guest" : "name", name, &shown, &key))
		return NULL;
	struct account_make *m = mem_new(struct account_make);
	m->then = then;
	m->name = shown;
	m->name_key = key;
	shown = key = BUF_INIT;
	m->op.op.kind = STORE_USER_CREATE;
	m->op.kind = kind;
	uid_random(&m->op.id, 1);
	m->op.name = (struct text){(const char *)m->name.data, m->name.len};
	m->op.name_key = (struct text){(const char *)m->name_key.data, m->name_key.len};
	m->op.has_token = true;
	m->op.token_kind = kind == USER_BOT ? TOKEN_BOT : TOKEN_SESSION;
	secret_token(m->token);
	secret_token_hash(m->token, SECRET_TOKEN_CHARS, m->op.token_hash);
	if (call->user && kind == USER_BOT)
		m->op.created_by_no = call->user->no;
	wait_begin(&m->wait, call, NULL);
	return m;
}

static void make_free(struct account_make *m)
{
	struct session *s = answer_session(&m->wait.answer);
	if (s && m->op.kind == USER_GUEST)
		s->follower.starting = false; /* if it failed, another try is free */
	wait_end(&m->wait);
	buf_finish(&m->name);
	buf_finish(&m->name_key);
	password_finish(&m->password);
	secret_wipe(m->token, sizeof(m->token));
	free(m);
}

static void stored(struct store_op *op)
{
	struct account_make *m = (struct account_make *)(void *)op;
	struct user_notice owner = {.kind = NOTICE_ROLE_SET, .user_no = m->op.user_no, .role = USER_ROLE_OWNER};
	if (op->result == 0 && m->op.role == USER_ROLE_OWNER)
		user_tell(m->wait.answer.chat, &owner, 0);
	if (op->result == 0)
		m->then(m);
	else
		wait_answer_failure(&m->wait, op->result, WIRE_INTERNAL, NULL);
	make_free(m);
}

static void store(struct account_make *m)
{
	m->op.op.done = stored;
	if (!wait_submit(&m->wait, &m->op.op))
		make_free(m);
}

static void hash(struct worker_job *job, void *thread_state)
{
	struct account_make *m = list_entry(job, struct account_make, hashing);
	(void)thread_state;
	if (secret_password_hash((const char *)m->password.data, m->password.len, m->password_hash) == 0)
		m->op.password_hash = m->password_hash;
}

static void hashed(struct worker_job *job)
{
	struct account_make *m = list_entry(job, struct account_make, hashing);
	if (m->op.password_hash) {
		store(m);
		return;
	}
	answer_error(&m->wait.answer, WIRE_INTERNAL, NULL, 0);
	make_free(m);
}

void account_make_go(struct account_make *m, struct text password)
{
	if (!password.s) {
		store(m);
		return;
	}
	if (!password_take(&m->wait.answer, password, &m->password)) {
		make_free(m);
		return;
	}
	m->hashing.run = hash;
	m->hashing.done = hashed;
	if (worker_submit(m->wait.answer.chat->hashers, &m->hashing) == 0)
		return;
	answer_error(&m->wait.answer, WIRE_RATE_LIMITED, "too many passwords are being checked", 1000);
	make_free(m);
}

void account_make_answer(struct account_make *m)
{
	auto_buf data = BUF_INIT;
	buf_append_byte(&m->name, 0);
	const struct store_user made = {.id = m->op.id, .kind = m->op.kind, .role = m->op.role, .name = (char *)m->name.data};
	state_encode_token(&data, &made, m->token);
	struct session *s = answer_session(&m->wait.answer);
	if (s && m->op.kind == USER_PERSON)
		conn_set_cookie(s->follower.conn, m->token);
	answer_ok(&m->wait.answer, &data);
}

void account_make_answer_id(struct account_make *m)
{
	auto_buf data = BUF_INIT;
	char id[UID_TEXT_BYTES + 1];
	uid_format(&m->op.id, id);
	buf_appendf(&data, "{\"user_id\":\"%s\"}", id);
	answer_ok(&m->wait.answer, &data);
}
