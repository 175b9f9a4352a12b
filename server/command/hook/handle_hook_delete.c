#include "command/dispatch.h"
#include "command/hook/hook_answer.h"

static void deleted(struct wait *w)
{
	if (!hook_change_failed(w))
		answer_ok(&w->answer, NULL);
}

void handle_hook_delete(struct call *call)
{
	struct store_hook_delete *op = wait_store(call, STORE_HOOK_DELETE, deleted);
	op->user_no = call->user->no;
	op->id = call->request->data.hook_delete.hook;
	wait_go(op);
}
