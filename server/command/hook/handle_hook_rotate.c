#include "command/dispatch.h"
#include "command/hook/hook_answer.h"

struct rotate {
	struct store_hook_rotate op; /* first: wait_store_with() needs it there */
	struct hook_token token;
};

static void wipe(struct wait *w)
{
	struct rotate *r = w->op;
	secret_wipe(&r->token, sizeof(r->token));
}

static void rotated(struct wait *w)
{
	const struct rotate *r = w->op;
	auto_buf data = BUF_INIT;
	if (hook_change_failed(w))
		return;
	buf_append_byte(&data, '{');
	hook_encode_url(&data, &r->token);
	buf_append_byte(&data, '}');
	answer_ok(&w->answer, &data);
	secret_wipe(data.data, data.len);
}

void handle_hook_rotate(struct call *call)
{
	struct rotate *r = wait_store_with(call, STORE_HOOK_ROTATE, sizeof(*r), rotated, wipe);
	r->op.user_no = call->user->no;
	r->op.id = call->request->data.hook_rotate.hook;
	hook_token_make(&r->token, r->op.token_hash);
	wait_go(r);
}
