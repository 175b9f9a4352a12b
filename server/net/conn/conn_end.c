/*
 * The ends of a connection.
 *
 * The chat, a deadline or the client's close frame asks for the end: the outbox goes out, then the close frame. When the client's close frame has
 * arrived too, our side of the socket is closed. What still arrives is dropped for a short time, until the client closes its side: a reset would
 * discard the last bytes that it has not read (RFC 9112 section 9.6).
 *
 * A broken connection is cut at the end of the turn.
 *
 * In both cases the session is closed first, and once, so that no part of the chat meets a connection that does not exist.
 */
#include "net/accept/tls_files.h"
#include "net/conn/conn.h"

#include <sys/socket.h>

struct close_text {
	uint16_t code;
	const char *text;
};

static const struct close_text close_texts[CLOSE_REASON_COUNT] = {
#define X(symbol, code_, label, text_) [symbol] = {code_, text_},
	CLOSE_REASON_TABLE(X)
#undef X
};

const char *conn_reason_label(unsigned reason)
{
	static const char *const labels[END_REASON_COUNT] = {
#define X(symbol, code, label, text) [symbol] = label,
		CLOSE_REASON_TABLE(X)
#undef X
#define X(symbol, label) [symbol] = label,
			END_REASON_TABLE(X)
#undef X
	};

	return reason < END_REASON_COUNT ? labels[reason] : NULL;
}

void conn_end_session(struct conn *c)
{
	struct session *session = c->session;

	c->session = NULL;
	c->wants_writable = false;
	if (session != NULL)
		session_close(session);
}

void conn_closed(struct conn *c)
{
	c->is_gone = true;
	list_remove(&c->dirty);
	wheel_disarm(&c->timer);
	conn_end_session(c);
}

void conn_close(struct conn *c, enum close_reason reason)
{
	if (c->is_closing || c->is_gone || c->is_broken)
		return;
	c->reason = (uint8_t)reason;
	if (!c->is_websocket && !c->is_stream) {
		c->close_after_reply = true;
		return;
	}
	c->is_closing = true;
	conn_set_deadline(c, CONN_CLOSING, NET_CLOSE_MS);
	conn_mark_dirty(c);
	loop_again(c->server->loop);
}

void conn_cut(struct conn *c, unsigned reason)
{
	if (c->is_gone || c->is_broken)
		return;
	if (c->reason == END_BY_CLIENT)
		c->reason = (uint8_t)reason;
	c->is_broken = true;
	c->is_closing = true;
	conn_leave_place(c);
	conn_set_deadline(c, CONN_CLOSING, 0);
	list_remove(&c->dirty);
	list_append(&c->server->dead, &c->dirty);
	loop_again(c->server->loop);
}

void conn_cut_dead(struct net_server *s)
{
	while (!list_empty(&s->dead)) {
		struct conn *c = list_entry(s->dead.next, struct conn, dirty);
		list_remove(&c->dirty);
		conn_end_session(c);
		lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_SYNC); /* conn_closed(), conn_free() */
	}
}

void conn_close_came(struct conn *c, uint16_t code)
{
	c->close_came = true;
	if (c->is_closing) {
		conn_mark_dirty(c);
		return;
	}
	conn_close(c, CLOSE_DONE);
	c->reason = END_BY_CLIENT;
	c->close_code = code;
}

void conn_refused(struct conn *c)
{
	if (c->is_broken)
		return;
	c->reason = END_REFUSED;
	c->is_closing = true;
	conn_set_deadline(c, CONN_CLOSING, NET_CLOSE_MS);
	conn_mark_dirty(c);
}

/* Called when everything has gone out. */
static void shut(struct conn *c)
{
	c->is_shut = true;
	buf_finish(&c->in);
	if (c->is_tls)
		tls_close_notify(c->wsi);
	(void)shutdown(lws_get_socket_fd(c->wsi), SHUT_WR);
	conn_set_deadline(c, CONN_LINGER, NET_LINGER_MS);
}

static void send_close(struct conn *c)
{
	const struct close_text *text = c->reason < CLOSE_REASON_COUNT ? &close_texts[c->reason] : NULL;

	c->close_sent = true;
	conn_append_close(c, text != NULL ? text->code : c->close_code, text != NULL ? text->text : "");
}

void conn_finish_close(struct conn *c)
{
	if (c->is_gone || c->is_broken || c->is_shut || c->out.len > 0 || lws_partial_buffered(c->wsi))
		return;
	if (c->session != NULL && session_awaits_answers(c->session))
		return; /* what is committed is acknowledged first; conn_all_answered() calls this again, under the same deadline */
	conn_end_session(c);
	if (c->is_websocket && !c->close_sent)
		send_close(c);
	else if (!c->is_websocket || c->close_came)
		shut(c);
}
