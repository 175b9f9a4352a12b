#include "chat/account_make.h"
#include "chat/dispatch.h"

void handle_admin_bot(struct call *call)
{
	struct account_make *m = account_make_begin(call, call->request->data.admin_bot.name, USER_BOT, account_make_answer);
	if (m)
		account_make_go(m, (struct text){0});
}
