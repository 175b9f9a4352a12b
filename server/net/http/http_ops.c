/*
 * What operators and their machines ask for: /healthz (the process answers), /readyz (the publish path and the store work; it is red while the
 * server leaves, and says what is degraded) and /metrics. One probe runs at a time. It serves every request that arrives before its end.
 */
#include "base/memory.h"
#include "net/http/http_reply.h"
#include "net/http/http_routes.h"

#include <string.h>

enum { PROBE_MS = 2000 };

static void answer_text(struct conn *c, int status, const char *type, const void *text, size_t n)
{
	struct http_reply reply = {
		.status = status,
		.type = type,
		.close = c->close_after_reply,
		.head_only = c->http->method == HTTP_HEAD,
	};

	http_reply_append(&c->out, c, &reply, text, n);
	http_exchange_ready(c);
}

void http_healthz(struct conn *c)
{
	answer_text(c, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

static void answer_probe(struct conn *c, bool ok, const char *what)
{
	auto_buf text = BUF_INIT;

	const char *degraded = ok ? chat_degraded(c->server->chat) : NULL;
	if (degraded != NULL)
		buf_appendf(&text, "ready; degraded: %s\n", degraded);
	else
		buf_appendf(&text, "%s\n", ok ? "ok" : what);
	answer_text(c, ok ? 200 : 503, "text/plain; charset=utf-8", text.data, text.len);
}

static void probed(void *arg, bool ok, const char *what)
{
	struct net_server *s = arg;

	s->probing = false;
	while (!list_empty(&s->probe_waiters)) {
		struct http_exchange *e = list_entry(s->probe_waiters.next, struct http_exchange, probe_link);
		list_remove(&e->probe_link);
		answer_probe(e->conn, ok, what);
	}
}

void http_readyz(struct conn *c)
{
	struct net_server *s = c->server;

	if (s->leaving) {
		answer_probe(c, false, "the server is leaving");
		return;
	}
	list_append(&s->probe_waiters, &c->http->probe_link);
	if (s->probing)
		return;
	s->probing = true;
	chat_probe(s->chat, PROBE_MS, probed, s);
}

_Static_assert((int)WIRE_ERROR_COUNT <= METRIC_LABELS_MAX && (int)END_REASON_COUNT <= METRIC_LABELS_MAX, "each has its counter");

static const char *error_code(unsigned i)
{
	return i < WIRE_ERROR_COUNT ? wire_error_code((enum wire_error)i) : NULL;
}

static void put_text(void *arg, const char *text, size_t n)
{
	buf_append(arg, text, n);
}

void http_metrics(struct conn *c)
{
	static const struct metric_names names = {.error_code = error_code, .close_reason = conn_reason_label};
	auto_buf page = BUF_INIT;

	metrics_render(c->server->metrics, &names, put_text, &page);
	answer_text(c, 200, "text/plain; version=0.0.4; charset=utf-8", page.data, page.len);
}
