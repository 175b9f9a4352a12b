/*
 * The end of the server without lost answers (promise 10):
 *
 * 1. /readyz is red, and each HTTP answer ends its connection. For drain_grace_ms all else goes on, new connections too: a load balancer sees the red
 *    before it could meet a closed port.
 * 2. No more connections are accepted.
 * 3. Every WebSocket is told `server.leaving` with a time of its own to come back.
 * 4. Idle HTTP connections are closed at once. The others are closed (1001) evenly over drain_ms.
 * 5. Answers under way get some more time. Then done() is called.
 */
#include "net/drain.h"

#include "base/log.h"
#include "net/accept/listener.h"
#include "net/conn/conn.h"

enum { ANSWERS_MS = 5000 }; /* after drain_ms, for answers and close frames */

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

static void close_what_is_due(struct net_server *s)
{
	uint64_t elapsed_ms = loop_now_ms(s->loop) - s->drain_started_ms;
	uint32_t drain_ms = s->config.drain_ms;
	bool over = elapsed_ms >= drain_ms;
	size_t target = over ? SIZE_MAX : (size_t)(s->drain_total * elapsed_ms / drain_ms);

	close_share(s, target, over);
	bool finished = list_empty(&s->conns) && chat_pending(s->chat) == 0;
	if (!finished && elapsed_ms < (uint64_t)drain_ms + ANSWERS_MS)
		return;
	LOG_INFO("drain.done", LOG_U("elapsed_ms", elapsed_ms), LOG_U("cut", s->admission.n));
	void (*drained)(void *arg) = s->drained;
	s->drained = NULL;
	drained(s->drained_arg);
}

static void begin_to_close(struct net_server *s)
{
	s->draining = true;
	listeners_close(s);
	s->drain_started_ms = loop_now_ms(s->loop);
	s->drain_total = s->admission.n;
	LOG_INFO("drain.begin", LOG_U("connections", s->admission.n), LOG_U("spread_ms", s->config.drain_ms),
		 LOG_S("note", "a second signal ends at once"));
	chat_announce_leaving(s->chat, s->config.drain_ms);
}

void drain_tick(struct net_server *s)
{
	if (!s->leaving || s->drained == NULL)
		return;
	if (!s->draining && loop_now_ms(s->loop) - s->leaving_since_ms >= s->config.drain_grace_ms)
		begin_to_close(s);
	if (s->draining)
		close_what_is_due(s);
}

uint64_t net_server_drain_most_ms(const struct net_server *s)
{
	return (uint64_t)s->config.drain_grace_ms + s->config.drain_ms + ANSWERS_MS + NET_TICK_MS;
}

void net_server_drain(struct net_server *s, void (*done)(void *arg), void *arg)
{
	if (s->leaving) {
		s->drained = NULL;
		done(arg);
		return;
	}
	s->leaving = true;
	s->leaving_since_ms = loop_now_ms(s->loop);
	s->drained = done;
	s->drained_arg = arg;
	if (s->config.drain_grace_ms > 0)
		LOG_INFO("drain.grace", LOG_U("grace_ms", s->config.drain_grace_ms),
			 LOG_S("note", "/readyz is red, connections are still accepted; a second signal ends at once"));
	drain_tick(s);
}
