#include "command/account/password_set.h"

#include "chat/user_tell.h"
#include "codec/text_clean.h"
#include "command/account/account_make.h"
#include "command/account/password.h"
#include "command/wait_store.h"

struct password_set {
	struct store_user_set op; /* first: wait_store_with() needs it there */
	struct buf password;
	char hash[SECRET_PASSWORD_CHARS];
};

static void wipe(struct wait *w)
{
	struct password_set *p = w->op;
	password_finish(&p->password);
}

static void stored(struct wait *w)
{
	const struct store_user_set *op = w->op;
	if (wait_failed_field(w, "name", op->password_hash ? "there is no person with this name" : "there is no such account"))
		return;
	user_tell_op(w->answer.chat, &op->op, 0);
	account_answer_id(&w->answer, &op->user_id);
}

/* On a hashing thread. */
static bool hash(struct wait *w)
{
	struct password_set *p = w->op;
	p->op.password_hash = p->hash;
	return secret_password_hash((const char *)p->password.data, p->password.len, p->hash) == 0;
}

void password_set(struct call *call, struct text name, struct text password, bool make_owner)
{
	auto_buf key = BUF_INIT;
	struct password_set *p = wait_store_with(call, STORE_USER_SET, sizeof(*p), stored, wipe);
	struct wait *w = wait_of(p);
	text_name_key(name.s, name.n, &key);
	p->op.name_key = wait_keep(p, &key);
	p->op.make_owner = make_owner;
	if (!password.s)
		wait_go(p);
	else if (password_take(&w->answer, password, &p->password))
		wait_hash_and_go(p, hash);
	else
		wait_drop(p);
}
