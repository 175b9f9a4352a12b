#include "command/account/password_set.h"

#include "chat/user_tell.h"
#include "codec/text_clean.h"
#include "command/account/password.h"

#include <stdlib.h>

struct password_set {
	struct store_user_set op; /* first: the store hands this back */
	struct worker_job hashing;
	struct wait wait;
	struct buf name_key, password;
	char hash[SECRET_PASSWORD_CHARS];
};

static void set_free(struct password_set *p)
{
	wait_end(&p->wait);
	buf_finish(&p->name_key);
	password_finish(&p->password);
	free(p);
}

static void stored(struct store_op *op)
{
	struct password_set *p = (struct password_set *)(void *)op;
	struct chat *c = p->wait.answer.chat;
	if (op->result == 0) {
		struct user_notice owner = {.kind = NOTICE_ROLE_SET, .user_no = p->op.user_no, .role = USER_ROLE_OWNER};
		struct user_notice ended = {.kind = NOTICE_TOKENS_ENDED, .user_no = p->op.user_no, .up_to = TOKEN_SESSION};
		if (p->op.make_owner)
			user_tell(c, &owner, 0);
		if (p->op.password_hash)
			user_tell(c, &ended, 0);
		auto_buf data = BUF_INIT;
		char id[UID_TEXT_BYTES + 1];
		uid_format(&p->op.user_id, id);
		buf_appendf(&data, "{\"user_id\":\"%s\"}", id);
		answer_ok(&p->wait.answer, &data);
	} else {
		wait_answer_absent(&p->wait, op->result, "name",
				   p->op.password_hash ? "there is no person with this name" : "there is no such account");
	}
	set_free(p);
}

static void store(struct password_set *p)
{
	p->op.op = (struct store_op){.kind = STORE_USER_SET, .done = stored};
	if (!wait_submit(&p->wait, &p->op.op))
		set_free(p);
}

static void hash(struct worker_job *job, void *thread_state)
{
	struct password_set *p = list_entry(job, struct password_set, hashing);
	(void)thread_state;
	if (secret_password_hash((const char *)p->password.data, p->password.len, p->hash) == 0)
		p->op.password_hash = p->hash;
}

static void hashed(struct worker_job *job)
{
	struct password_set *p = list_entry(job, struct password_set, hashing);
	if (p->op.password_hash) {
		store(p);
		return;
	}
	answer_error(&p->wait.answer, WIRE_INTERNAL, NULL, 0);
	set_free(p);
}

void password_set(struct call *call, struct text name, struct text password, bool make_owner)
{
	struct password_set *p = mem_new(struct password_set);
	text_name_key(name.s, name.n, &p->name_key);
	p->op.name_key = (struct text){(const char *)p->name_key.data, p->name_key.len};
	p->op.make_owner = make_owner;
	wait_begin(&p->wait, call, NULL);
	if (!password.s) {
		store(p);
		return;
	}
	if (!password_take(&p->wait.answer, password, &p->password)) {
		set_free(p);
		return;
	}
	p->hashing.run = hash;
	p->hashing.done = hashed;
	if (worker_submit(call->chat->hashers, &p->hashing) != 0) {
		answer_error(&p->wait.answer, WIRE_RATE_LIMITED, "too many passwords are being checked", 1000);
		set_free(p);
	}
}
