#include "net/ws_events.h"

#include "net/credentials.h"

static int established(struct conn *c)
{
	struct credentials credentials;

	/* An Origin that is not allowed was refused before; without one (a bot) a cookie counts for nothing. */
	credentials_read(c, false, &credentials);
	struct session_config config = {
		.transport = TRANSPORT_WEBSOCKET,
		.token = credentials.token[0] != '\0' ? credentials.token : NULL,
		.token_is_cookie = credentials.is_cookie,
		.operator_socket = c->is_operator,
	};
	c->is_websocket = true;
	c->server->n_http--;
	heartbeat_begin_websocket(c);
	c->session = session_open(c->server->chat, c, &config);
	return 0;
}

static int writable(struct conn *c)
{
	heartbeat_heard(c); /* a slow peer that takes what was held back is not a silent one */
	conn_flush(c);
	if (c->is_broken)
		return -1;
	if (c->is_closing && !c->is_handed_over)
		conn_mark_dirty(c);
	return 0;
}

int ws_event(struct conn *c, enum lws_callback_reasons reason, void *in, size_t len)
{
	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		return established(c);
	case LWS_CALLBACK_RECEIVE:
		return conn_read(c, in, len);
	case LWS_CALLBACK_RECEIVE_PONG:
		heartbeat_heard(c);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return writable(c);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		/* The library answers it; nothing of ours may go out any more. */
		conn_read_kept(c, true);
		c->is_closing = true;
		c->is_handed_over = true;
		conn_end_session(c);
		conn_set_deadline(c, CONN_CLOSING, NET_CLOSE_MS);
		return 0;
	case LWS_CALLBACK_CLOSED:
		conn_closed(c);
		return 0;
	default:
		return 0;
	}
}
