#include "net/head_share.h"

#include "net/conn.h"
#include "net/http_head.h"

static bool waits_for_client(const struct conn *c)
{
	bool is_nobodys = c->is_proxied && c->http == NULL;

	return !c->is_websocket && !c->is_stream && !c->is_broken && !is_nobodys && c->phase != CONN_WORKING && http_head_attached(c->wsi);
}

static size_t count_heads(const struct net_server *s)
{
	size_t n = 0;

	list_for_each(it, &s->conns) {
		const struct conn *c = list_entry(it, struct conn, link);
		n += !c->is_websocket && http_head_attached(c->wsi);
	}
	return n;
}

void head_share_tick(struct net_server *s)
{
	uint64_t most = s->config.limits.address_heads;
	struct admission seen;

	if (most == 0 || s->n_http + most <= NET_HEAD_POOL || count_heads(s) + most <= NET_HEAD_POOL)
		return;
	admission_init(&seen, 0, (size_t)most);
	for (struct list *it = s->conns.prev; it != &s->conns; it = it->prev) {
		struct conn *c = list_entry(it, struct conn, link);
		if (!waits_for_client(c) || admission_enter_address(&seen, conn_address_key(c)))
			continue;
		metric_add(&s->metrics->refused_total, 1);
		conn_cut(c, END_CROWDED);
	}
	admission_finish(&seen);
}
