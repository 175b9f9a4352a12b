#include "net/conn/conn.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/accept/listener.h"
#include "net/http/http_exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct conn *conn_of(struct lws *wsi)
{
	return lws_get_opaque_user_data(wsi);
}

struct conn *conn_new(struct net_server *s, struct lws *wsi)
{
	struct conn *c = mem_new(struct conn);

	assert(s->accepting != NULL);
	c->wsi = wsi;
	c->server = s;
	c->reason = END_BY_CLIENT;
	c->peer = c->address = s->accepting_origin->peer;
	c->is_operator = s->accepting->is_operator;
	c->is_ops = s->accepting->is_ops;
	c->is_tls = s->accepting->is_tls;
	c->is_proxied = s->accepting_origin->is_proxied;
	c->ends_tls = s->accepting_origin->ends_tls;
	c->client_tls = conn_ends_tls(c);
	list_init(&c->dirty);
	list_append(&s->conns, &c->link);
	admission_enter(&s->admission);
	c->has_place = true;
	if (s->admission.address_max > 0 && !c->is_proxied && !c->is_operator)
		c->counted_address = admission_enter_address(&s->admission, conn_address_key(c));
	metric_change(&s->metrics->connections, 1);
	lws_set_opaque_user_data(wsi, c);
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); /* heartbeat.c has the deadlines */
	s->n_unfinished += conn_is_unfinished(c);
	conn_set_deadline(c, CONN_HEAD, s->config.limits.header_ms);
	return c;
}

bool conn_is_unfinished(const struct conn *c)
{
	return !c->is_operator && (c->phase == CONN_BODY || (c->phase == CONN_HEAD && !c->is_proxied));
}

void conn_leave_place(struct conn *c)
{
	if (c->has_place)
		admission_leave(&c->server->admission);
	c->has_place = false;
}

bool conn_ends_tls(const struct conn *c)
{
	return c->is_tls || c->ends_tls;
}

void conn_leave_address(struct conn *c)
{
	if (c->counted_address)
		admission_leave_address(&c->server->admission, conn_address_key(c));
	c->counted_address = false;
}

void conn_free(struct conn *c)
{
	struct net_server *s = c->server;

	conn_end_session(c);
	http_exchange_free(c);
	wheel_disarm(&c->timer);
	s->n_unfinished -= conn_is_unfinished(c);
	list_remove(&c->dirty);
	list_remove(&c->link);
	conn_leave_place(c);
	conn_leave_address(c);
	metric_change(&s->metrics->connections, -1);
	metric_add(&s->metrics->closed_by_reason[c->reason], 1);
	if (c->reason != END_BY_CLIENT)
		LOG_DEBUG("conn.closed", LOG_S("reason", conn_reason_label(c->reason)), LOG_S("address", conn_address(c)));
	lws_set_opaque_user_data(c->wsi, NULL);
	buf_finish(&c->in);
	buf_finish(&c->pieces);
	buf_finish(&c->out);
	free(c);
}

const char *conn_address(const struct conn *c)
{
	address_format(&c->address, c->server->address_text);
	return c->server->address_text;
}

int64_t conn_peer_uid(const struct conn *c)
{
	struct ucred peer;
	socklen_t n = sizeof peer;

	bool is_known = getsockopt(lws_get_socket_fd(c->wsi), SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 && peer.uid != (uid_t)-1;
	return is_known ? (int64_t)peer.uid : -1;
}

const uint8_t *conn_address_key(const struct conn *c)
{
	address_key(&c->address, c->server->address_key);
	return c->server->address_key;
}
