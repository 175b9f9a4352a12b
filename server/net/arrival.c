#include "net/arrival.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/proxy_header.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct arrival {
	struct list link; /* net_server.arrivals */
	struct listener *listener;
	struct loop_watch *watch;
	int fd;
	struct peer_address peer; /* the socket's: the proxy */
	uint64_t deadline_ms;     /* UINT64_MAX: none */
	size_t n;                 /* bytes of the header that were taken out of the socket */
	uint8_t head[PROXY_HEADER_BYTES_MAX];
};

/* Gives the socket back, which nothing watches any more. */
static int let_go(struct arrival *a)
{
	int fd = a->fd;

	loop_watch_destroy(a->watch);
	list_remove(&a->link);
	admission_leave(&a->listener->server->admission);
	free(a);
	return fd;
}

static void refuse(struct arrival *a, const char *why)
{
	char proxy[ADDRESS_TEXT_BYTES];

	if (listener_may_warn(a->listener)) {
		address_format(&a->peer, proxy);
		LOG_WARN("proxy_header.refused", LOG_S("proxy", proxy), LOG_S("why", why));
	}
	metric_add(&a->listener->server->metrics->refused_total, 1);
	close(let_go(a));
}

static void admit(struct arrival *a, const struct proxy_header *header)
{
	struct listener *l = a->listener;
	struct conn_origin origin = {.peer = a->peer, .ends_tls = header->ends_tls};

	if (header->has_address) {
		/* One proxy behind another: then that one's X-Forwarded-For counts. Without an address nobody spoke for a client. */
		origin.peer = header->address;
		origin.is_proxied = listener_trusts(l, &origin.peer);
	}
	listener_admit(l, let_go(a), &origin);
}

/* What is read belongs to the header and is taken out, or a header that comes in drops would keep the loop awake. */
static void read_head(void *arg)
{
	struct arrival *a = arg;
	struct proxy_header header;
	ssize_t got = recv(a->fd, a->head + a->n, sizeof a->head - a->n, MSG_PEEK);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		close(let_go(a)); /* it went away by itself, as health checks do */
		return;
	}
	enum proxy_header_result result = proxy_header_read(a->head, a->n + (size_t)got, &header);
	if (result == PROXY_HEADER_BAD) {
		refuse(a, "this is no PROXY header");
		return;
	}
	size_t take = result == PROXY_HEADER_WHOLE ? header.n_bytes - a->n : (size_t)got;
	if (recv(a->fd, a->head + a->n, take, 0) != (ssize_t)take) {
		refuse(a, "the socket failed");
		return;
	}
	a->n += take;
	if (result == PROXY_HEADER_WHOLE)
		admit(a, &header);
}

void arrival_begin(struct listener *l, int fd, const struct peer_address *peer)
{
	struct net_server *s = l->server;
	uint64_t header_ms = s->config.limits.header_ms;
	struct arrival *a = mem_new(struct arrival);

	a->listener = l;
	a->fd = fd;
	a->peer = *peer;
	a->deadline_ms = header_ms > 0 ? loop_now_ms(s->loop) + header_ms : UINT64_MAX;
	a->watch = loop_watch_readable(s->loop, fd, read_head, a);
	list_append(&s->arrivals, &a->link);
	admission_enter(&s->admission);
}

void arrivals_tick(struct net_server *s)
{
	list_for_each_safe(it, &s->arrivals) {
		struct arrival *a = list_entry(it, struct arrival, link);
		if (a->deadline_ms > loop_now_ms(s->loop))
			return; /* those behind it came later */
		refuse(a, "it did not come in time");
	}
}

void arrivals_close(struct net_server *s)
{
	list_for_each_safe(it, &s->arrivals)
		close(let_go(list_entry(it, struct arrival, link)));
}
