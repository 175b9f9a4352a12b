#include "bus/redis/redis_tls.h"

#include "base/memory.h"
#include "client/client_tls.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

struct redis_tls {
	struct redis_layer layer; /* first: one is the other */
	struct client_tls *tls;
	bool is_greeted; /* the handshake is done */
};

static struct redis_tls *tls_of(struct redis_layer *l)
{
	return (struct redis_tls *)l;
}

/* Returns 1 when the handshake is done, or what the layer's methods return. */
static ssize_t shake_hands(struct redis_tls *t)
{
	struct client_fault fault = {0};
	short events = 0;
	if (t->is_greeted)
		return 1;
	int done = client_tls_handshake(t->tls, &events, &fault);
	t->is_greeted = done > 0;
	t->layer.wants_writable = done == 0 && events == POLLOUT;
	if (done < 0)
		snprintf(t->layer.why, sizeof(t->layer.why), "%.*s", REDIS_WHY_BYTES - 1, fault.text);
	return done == 0 ? -EAGAIN : done;
}

static ssize_t result_of(struct redis_tls *t, ssize_t n)
{
	ssize_t result = n < 0 ? -errno : n;
	t->layer.wants_writable = result == -EAGAIN && client_tls_waits_for(t->tls) == POLLOUT;
	if (result == -EPROTO)
		snprintf(t->layer.why, sizeof(t->layer.why), "TLS was broken");
	return result;
}

static ssize_t tls_read(struct redis_layer *l, void *bytes, size_t n)
{
	struct redis_tls *t = tls_of(l);
	ssize_t greeted = shake_hands(t);
	return greeted > 0 ? result_of(t, client_tls_read(t->tls, bytes, n)) : greeted;
}

static ssize_t tls_write(struct redis_layer *l, const void *bytes, size_t n)
{
	struct redis_tls *t = tls_of(l);
	ssize_t greeted = shake_hands(t);
	return greeted > 0 ? result_of(t, client_tls_write(t->tls, bytes, n)) : greeted;
}

static void tls_destroy(struct redis_layer *l)
{
	client_tls_destroy(tls_of(l)->tls);
	free(l);
}

static const struct redis_layer_methods methods = {.read = tls_read, .write = tls_write, .destroy = tls_destroy};

struct redis_layer *redis_tls_new(int fd, const char *host, const char *ca_file, char why[REDIS_WHY_BYTES])
{
	struct client_fault fault = {0};
	struct client_trust trust = {.ca_file = ca_file, .option = "--redis-ca-file"};
	struct client_tls *tls = client_tls_create(fd, host, &trust, &fault);
	if (!tls) {
		snprintf(why, REDIS_WHY_BYTES, "%.*s", REDIS_WHY_BYTES - 1, fault.text);
		return NULL;
	}
	struct redis_tls *t = mem_new(struct redis_tls);
	*t = (struct redis_tls){.layer.methods = &methods, .tls = tls};
	return &t->layer;
}
