/*
 * Deadlines and heartbeats. A connection has one deadline in a timing wheel, in each of its states. The library's own timers are not used, because
 * they are in one sorted list.
 *
 * A WebSocket is pinged every heartbeat_ms, spread by a quarter, so that connections made together are not pinged together. It is closed when
 * nothing has arrived for limits.idle_ms.
 */
#include "net/conn/conn.h"
#include "net/drain.h"

enum { STARTING_LOOK_MS = 1000 };

static const uint8_t ping_frame[] = {0x89, 0x01, 'p'};
static const uint8_t stream_comment[] = ": keep-alive\n\n";

void conn_set_deadline(struct conn *c, enum conn_phase phase, uint64_t in_ms)
{
	c->server->n_unfinished -= conn_is_unfinished(c);
	c->phase = (uint8_t)phase;
	c->server->n_unfinished += conn_is_unfinished(c);
	if (in_ms == 0)
		wheel_disarm(&c->timer);
	else
		wheel_arm(c->server->wheel, &c->timer, loop_now_ms(c->server->loop) + in_ms);
}

static uint64_t heartbeat_interval(const struct conn *c)
{
	uint64_t period = c->server->config.heartbeat_ms;
	uint32_t random;

	lws_get_random(c->server->context, &random, sizeof random);
	return period - period / 8 + random % (period / 4 + 1);
}

void heartbeat_heard(struct conn *c)
{
	c->heard_s = (uint32_t)(loop_now_ms(c->server->loop) / 1000);
}

/* Sets the deadline to the end of the time to sign in, or to the first ping of a client that has signed in by then, whichever comes first. Returns
 * false when the time is over. */
static bool await_sign_in(struct conn *c)
{
	uint64_t sign_in_ms = c->server->config.limits.sign_in_ms, beat_ms = heartbeat_interval(c);
	int32_t waited_ms = (int32_t)((uint32_t)loop_now_ms(c->server->loop) - c->sign_in_from_ms); /* less than 0: it was told to wait */
	int64_t left_ms = (int64_t)sign_in_ms - waited_ms;

	if (left_ms <= 0 || sign_in_ms == 0)
		return false;
	conn_set_deadline(c, CONN_SIGN_IN, (uint64_t)left_ms < beat_ms ? (uint64_t)left_ms : beat_ms);
	return true;
}

void conn_await_sign_in(struct conn *c, uint32_t in_ms)
{
	c->sign_in_from_ms = (uint32_t)loop_now_ms(c->server->loop) + in_ms; /* seen when the deadline that is set passes */
}

void heartbeat_begin_websocket(struct conn *c)
{
	heartbeat_heard(c);
	c->sign_in_from_ms = (uint32_t)loop_now_ms(c->server->loop);
	if (c->is_operator || !await_sign_in(c))
		conn_set_deadline(c, CONN_LIVE, heartbeat_interval(c));
}

void heartbeat_begin_stream(struct conn *c)
{
	heartbeat_heard(c);
	conn_set_deadline(c, CONN_STREAM, heartbeat_interval(c));
}

void heartbeat_begin_idle(struct conn *c)
{
	const struct limits *limits = &c->server->config.limits;

	if (c->in.len > 0)
		conn_set_deadline(c, CONN_HEAD, limits->header_ms);
	else
		conn_set_deadline(c, CONN_IDLE, limits->idle_ms);
}

static bool silent_too_long(const struct conn *c)
{
	uint64_t idle_ms = c->server->config.limits.idle_ms;

	/* The client was heard at some moment of that second, so the deadline is at most a second late and never early. */
	return idle_ms > 0 && loop_now_ms(c->server->loop) >= ((uint64_t)c->heard_s + 1) * 1000 + idle_ms;
}

static void beat_websocket(struct conn *c)
{
	uint64_t in_ms = heartbeat_interval(c), idle_ms = c->server->config.limits.idle_ms;

	if (silent_too_long(c)) {
		conn_close(c, CLOSE_SILENT);
		return;
	}
	/* While bytes are on their way, the socket itself shows whether it is alive, and no ping may be put between them. */
	if (!lws_partial_buffered(c->wsi))
		conn_write_raw(c, ping_frame, sizeof ping_frame);
	if (idle_ms > 0) {
		uint64_t silent_at_ms = (uint64_t)c->heard_s * 1000 + idle_ms + 1000, now = loop_now_ms(c->server->loop);
		if (silent_at_ms > now && silent_at_ms - now < in_ms)
			in_ms = silent_at_ms - now;
	}
	conn_set_deadline(c, CONN_LIVE, in_ms);
}

static void beat_stream(struct conn *c)
{
	if (conn_writable(c)) {
		heartbeat_heard(c); /* it has taken everything */
		conn_write(c, stream_comment, sizeof stream_comment - 1);
	} else if (silent_too_long(c)) {
		conn_cut(c, CLOSE_SILENT);
		return;
	}
	conn_set_deadline(c, CONN_STREAM, heartbeat_interval(c));
}

static void deadline_passed(struct wheel_timer *t, void *arg)
{
	struct conn *c = list_entry(t, struct conn, timer);
	(void)arg;

	switch ((enum conn_phase)c->phase) {
	case CONN_IDLE:
	case CONN_HEAD:
	case CONN_BODY:
	case CONN_TAKING:
		conn_cut(c, END_TOO_LATE);
		break;
	case CONN_LINGER:
	case CONN_CLOSING:
		conn_cut(c, c->reason);
		break;
	case CONN_WORKING:
		break;
	case CONN_SIGN_IN:
		if (c->session == NULL || session_signed_in(c->session))
			beat_websocket(c);
		else if (session_is_starting(c->session)) /* it came in time; the store takes longer, as it does when a crowd comes */
			conn_set_deadline(c, CONN_SIGN_IN, STARTING_LOOK_MS);
		else if (!await_sign_in(c))
			conn_close(c, CLOSE_NO_SIGN_IN);
		break;
	case CONN_LIVE:
		beat_websocket(c);
		break;
	case CONN_STREAM:
		beat_stream(c);
		break;
	}
}

void heartbeat_tick(struct net_server *s)
{
	wheel_advance(s->wheel, loop_now_ms(s->loop), deadline_passed, NULL);
	drain_tick(s);
}
