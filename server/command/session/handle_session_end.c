#include "command/dispatch.h"

void handle_session_end(struct call *call)
{
	struct session *s = call->session;
	if (s->follower.transport == TRANSPORT_HTTP) {
		/* There is no connection to end: the session is the token. */
		call->request->data.account_logout.everywhere = false;
		handle_account_logout(call);
		return;
	}
	call_ok(call, NULL);
	conn_close(s->follower.conn, CLOSE_DONE);
}
