#include "net/accept/arrival.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/accept/proxy_header.h"
#include "net/conn/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	TLS_RECORD_HEAD_BYTES = 5, /* RFC 8446 section 5.1: type, version, length */
	TLS_HANDSHAKE = 22,
	TLS_HELLO_BYTES_MAX = 16384,
};

struct proxy_bytes {
	size_t n; /* read from the socket */
	uint8_t head[PROXY_HEADER_BYTES_MAX];
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void count_address(struct arrival *a)
{
	struct admission *admission = &a->listener->server->admission;
	uint8_t key[16];

	address_key(&a->origin.peer, key);
	if (admission->address_max > 0 && !a->origin.is_proxied && !a->listener->is_operator)
		a->counted_address = admission_enter_address(admission, key);
}

/* Ends the arrival and returns its socket, which nothing watches then. */
static int let_go(struct arrival *a)
{
	struct net_server *s = a->listener->server;
	int fd = a->fd;
	uint8_t key[16];

	address_key(&a->origin.peer, key);
	if (a->counted_address)
		admission_leave_address(&s->admission, key);
	admission_leave(&s->admission);
	metric_change(&s->metrics->connections, -1);
	loop_watch_destroy(a->watch);
	list_remove(&a->link);
	free(a->proxy);
	free(a);
	return fd;
}

void arrival_end(struct arrival *a, unsigned reason)
{
	metric_add(&a->listener->server->metrics->closed_by_reason[reason], 1);
	close(let_go(a));
}

static void refuse_proxy(struct arrival *a, const char *why)
{
	char proxy[ADDRESS_TEXT_BYTES];

	if (listener_may_warn(a->listener)) {
		address_format(&a->origin.peer, proxy);
		LOG_WARN("proxy_header.refused", LOG_S("proxy", proxy), LOG_S("why", why));
	}
	metric_add(&a->listener->server->metrics->refused_total, 1);
	close(let_go(a));
}

/* Makes the kernel wake us only when so many bytes, or the end, have arrived. */
static void wait_for_bytes(struct arrival *a, int n)
{
	a->awaited_bytes = n;
	(void)setsockopt(a->fd, SOL_SOCKET, SO_RCVLOWAT, &n, sizeof n);
}

static void hand_on(struct arrival *a)
{
	struct net_server *s = a->listener->server;
	struct listener *l = a->listener;
	struct conn_origin origin = a->origin;
	uint64_t began_us = now_us();

	if (a->awaited_bytes > 0)
		wait_for_bytes(a, 1);
	listener_admit(l, let_go(a), &origin);
	s->admitting_us += now_us() - began_us;
}

/* Hands the arrival on in this turn when there is time left. */
static void is_ready(struct arrival *a)
{
	struct net_server *s = a->listener->server;

	if (s->admitting_us < NET_ADMIT_US && list_empty(&s->ready)) {
		hand_on(a);
		return;
	}
	loop_watch_pause(a->watch, true);
	list_remove(&a->link);
	list_append(&s->ready, &a->link);
	loop_again(s->loop);
}

void arrivals_go_on(struct net_server *s)
{
	s->admitting_us = 0;
	while (!list_empty(&s->ready) && s->admitting_us < NET_ADMIT_US)
		hand_on(list_entry(s->ready.next, struct arrival, link));
	if (!list_empty(&s->ready))
		loop_again(s->loop);
}

/* ---- what is awaited ---- */

/* The named client may be a trusted proxy itself: then its X-Forwarded-For counts. A header without an address names no client. */
static void proxy_header_came(struct arrival *a, const struct proxy_header *header)
{
	a->origin.is_proxied = false;
	a->origin.ends_tls = header->ends_tls;
	if (header->has_address) {
		a->origin.peer = header->address;
		a->origin.is_proxied = listener_trusts(a->listener, &header->address);
	}
	free(a->proxy);
	a->proxy = NULL;
	if (!listener_has_room_for(a->listener, &a->origin)) {
		metric_add(&a->listener->server->metrics->refused_total, 1);
		close(let_go(a));
		return;
	}
	count_address(a);
}

/* Bytes of the header are read at once: left in the socket, a header that comes in small pieces would keep the loop awake. */
static void read_proxy_header(struct arrival *a)
{
	struct proxy_bytes *p = a->proxy;
	struct proxy_header header;
	ssize_t got = recv(a->fd, p->head + p->n, sizeof p->head - p->n, MSG_PEEK);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		close(let_go(a)); /* the peer closed without a word, as health checks do */
		return;
	}
	enum proxy_header_result result = proxy_header_read(p->head, p->n + (size_t)got, &header);
	if (result == PROXY_HEADER_BAD) {
		refuse_proxy(a, "this is no PROXY header");
		return;
	}
	size_t take = result == PROXY_HEADER_WHOLE ? header.n_bytes - p->n : (size_t)got;
	if (recv(a->fd, p->head + p->n, take, 0) != (ssize_t)take) {
		refuse_proxy(a, "the socket failed");
		return;
	}
	p->n += take;
	if (result == PROXY_HEADER_WHOLE)
		proxy_header_came(a, &header);
}

/* Returns true when the first TLS record has arrived. It also returns true when none can follow: the library then reports the fault. */
static bool hello_came(struct arrival *a, const uint8_t *head, size_t n)
{
	int there = 0;

	if (head[0] != TLS_HANDSHAKE || ioctl(a->fd, FIONREAD, &there) < 0 || there < a->awaited_bytes)
		return true;
	int whole = n < TLS_RECORD_HEAD_BYTES ? TLS_RECORD_HEAD_BYTES : TLS_RECORD_HEAD_BYTES + (head[3] << 8 | head[4]);
	if (there >= whole || whole > TLS_HELLO_BYTES_MAX)
		return true;
	wait_for_bytes(a, whole);
	return false;
}

static void read_first(void *arg)
{
	struct arrival *a = arg;
	uint8_t head[TLS_RECORD_HEAD_BYTES];

	if (a->proxy != NULL) {
		read_proxy_header(a);
		return;
	}
	ssize_t got = recv(a->fd, head, sizeof head, MSG_PEEK);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		arrival_end(a, END_BY_CLIENT);
	else if (!a->listener->is_tls || hello_came(a, head, (size_t)got))
		is_ready(a);
}

void arrival_begin(struct listener *l, int fd, const struct conn_origin *origin, bool awaits_proxy)
{
	struct net_server *s = l->server;
	struct arrival *a = mem_new(struct arrival);

	a->listener = l;
	a->fd = fd;
	a->origin = *origin;
	a->accepted_ms = loop_now_ms(s->loop);
	if (awaits_proxy)
		a->proxy = mem_new(struct proxy_bytes);
	a->watch = loop_watch_readable(s->loop, fd, read_first, a);
	list_append(&s->arrivals, &a->link);
	admission_enter(&s->admission);
	if (!awaits_proxy)
		count_address(a);
	metric_add(&s->metrics->accepted_total, 1);
	metric_change(&s->metrics->connections, 1);
}

void arrivals_tick(struct net_server *s)
{
	uint64_t header_ms = s->config.limits.header_ms;

	if (header_ms == 0)
		return;
	list_for_each_safe(it, &s->arrivals) {
		struct arrival *a = list_entry(it, struct arrival, link);
		if (a->accepted_ms + header_ms > loop_now_ms(s->loop))
			return; /* the arrivals behind it came later */
		if (a->proxy != NULL)
			refuse_proxy(a, "it did not come in time");
		else
			arrival_end(a, END_TOO_LATE);
	}
}

void arrivals_close(struct net_server *s)
{
	while (!s->is_stopped && !list_empty(&s->ready))
		hand_on(list_entry(s->ready.next, struct arrival, link)); /* their request has arrived */
	list_splice(&s->arrivals, &s->ready);
	list_for_each_safe(it, &s->arrivals)
		close(let_go(list_entry(it, struct arrival, link)));
}
