#include "command/dispatch.h"

void handle_session_end(struct call *call)
{
	struct session *s = call->session;
	if (s->follower.transport == TRANSPORT_HTTP) {
		/* HTTP has no connection to end, so this ends the token. */
		call->request->data.account_logout.everywhere = false;
		handle_account_logout(call);
		return;
	}
	call_ok(call, NULL);
	conn_close(s->follower.conn, CLOSE_DONE);
}
