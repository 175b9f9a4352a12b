/*
 * The end of the server without lost answers (promise 10):
 *
 * 1. No more connections are accepted, and /readyz is red.
 * 2. Every WebSocket is told `server.leaving` with a time of its own to come back.
 * 3. Idle HTTP connections are closed at once. The others are closed (1001) evenly over drain_ms.
 * 4. Answers under way get some more time. Then done() is called.
 */
#include "net/drain.h"

#include "base/log.h"
#include "net/accept/listener.h"
#include "net/conn/conn.h"

enum { GRACE_MS = 5000 }; /* after drain_ms, for answers and close frames */

/* A request that is not whole yet is answered if its rest arrives before the time is over. */
static bool is_idle_http(const struct conn *c, bool over)
{
	return !c->is_websocket && !c->is_stream && c->http == NULL && (over || (c->phase == CONN_IDLE && c->in.len == 0));
}

/* Closes idle HTTP connections. Closes WebSockets and streams until `target` of them have been told in all. */
static void close_share(struct net_server *s, size_t target, bool over)
{
	list_for_each(it, &s->conns) {
		struct conn *c = list_entry(it, struct conn, link);
		if (c->is_closing)
			continue;
		if (is_idle_http(c, over)) {
			conn_cut(c, CLOSE_GOING_AWAY);
		} else if (!c->is_websocket && !c->is_stream) {
			c->close_after_reply = true;
		} else if (s->drain_closed < target) {
			s->drain_closed++;
			conn_close(c, CLOSE_GOING_AWAY);
		}
	}
}

void drain_tick(struct net_server *s)
{
	if (!s->draining || s->drained == NULL)
		return;
	uint64_t elapsed_ms = loop_now_ms(s->loop) - s->drain_started_ms;
	uint32_t drain_ms = s->config.drain_ms;
	bool over = elapsed_ms >= drain_ms;
	size_t target = over ? SIZE_MAX : (size_t)(s->drain_total * elapsed_ms / drain_ms);

	close_share(s, target, over);
	bool finished = list_empty(&s->conns) && chat_pending(s->chat) == 0;
	if (!finished && elapsed_ms < (uint64_t)drain_ms + GRACE_MS)
		return;
	LOG_INFO("drain.done", LOG_U("elapsed_ms", elapsed_ms), LOG_U("cut", s->admission.n));
	void (*drained)(void *arg) = s->drained;
	s->drained = NULL;
	drained(s->drained_arg);
}

void net_server_drain(struct net_server *s, void (*done)(void *arg), void *arg)
{
	if (s->draining) {
		s->drained = NULL;
		done(arg);
		return;
	}
	s->draining = true;
	listeners_close(s);
	s->drain_started_ms = loop_now_ms(s->loop);
	s->drain_total = s->admission.n;
	s->drained = done;
	s->drained_arg = arg;
	LOG_INFO("drain.begin", LOG_U("connections", s->admission.n), LOG_U("spread_ms", s->config.drain_ms),
		 LOG_S("note", "a second signal ends at once"));
	chat_announce_leaving(s->chat, s->config.drain_ms);
	drain_tick(s);
}
