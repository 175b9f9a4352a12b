/*
 * The ends of a connection. Asked for by the chat or a deadline: the outbox goes out, then the library sends the close frame, then waits a moment
 * for the answer. Found broken: cut at the end of the turn. In each case the session is closed first, once, so that no part of
 * the chat can meet a connection that is no more.
 */
#include "net/conn.h"

#include <string.h>

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
	list_remove(&c->dirty);
	list_append(&c->server->dead, &c->dirty);
	loop_again(c->server->loop);
}

void conn_cut_dead(struct net_server *s)
{
	if (list_empty(&s->dead))
		return;
	while (!list_empty(&s->dead)) {
		struct conn *c = list_entry(s->dead.next, struct conn, dirty);
		list_remove(&c->dirty);
		conn_end_session(c);
		lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
	}
	/* Its timers run only when one of its descriptors woke it. */
	lws_cancel_service(s->context);
}

static void give_reason(struct conn *c, enum close_reason reason)
{
	unsigned char text[64];
	size_t n = strlen(close_texts[reason].text);

	memcpy(text, close_texts[reason].text, n);
	lws_close_reason(c->wsi, (enum lws_close_status)close_texts[reason].code, text, n);
}

/*
 * Not by -1 from the writable callback: Debian builds 4.1.6 with its debugging checks, and one of them closes such a connection a second
 * time, before the close frame went out.
 */
void conn_finish_close(struct conn *c)
{
	if (c->is_gone || c->is_broken || c->is_handed_over || c->out.len > 0 || lws_partial_buffered(c->wsi))
		return;
	if (c->session != NULL && session_awaits_answers(c->session))
		return; /* what is committed is also acknowledged; conn_all_answered() brings us back, the deadline is the same */
	c->is_handed_over = true;
	conn_end_session(c);
	if (c->is_websocket)
		give_reason(c, (enum close_reason)c->reason);
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_SYNC); /* begins the closing; c may be gone now */
}

int conn_refuse_now(struct conn *c, enum close_reason reason)
{
	c->is_closing = true;
	c->is_handed_over = true;
	c->reason = (uint8_t)reason;
	conn_end_session(c);
	give_reason(c, reason);
	conn_set_deadline(c, CONN_CLOSING, 2 * NET_CLOSE_MS);
	return -1;
}
