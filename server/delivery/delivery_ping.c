/* webhook.ping: an event that tells nothing, for an endpoint of its own, so that it waits for nothing else. */
#include "base/clock.h"
#include "delivery/delivery_state.h"

#include <stdlib.h>
#include <string.h>

struct ping {
	struct list in_all; /* deliveries.pings */
	uint64_t owner_no;
	struct webhook_endpoint *endpoint;
	struct buf body;
	void (*then)(void *arg, const struct webhook_outcome *o);
	void *arg;
};

static const struct webhook_outcome cancelled = {.end = WEBHOOK_CANCELLED, .retry_after = "", .reply = ""};

static void pinged(void *arg, const struct webhook_outcome *o)
{
	struct ping *p = arg;
	struct webhook_endpoint *e = p->endpoint;
	list_remove(&p->in_all);
	if (p->then)
		p->then(p->arg, o);
	buf_finish(&p->body);
	free(p);
	webhook_endpoint_destroy(e);
}

static void encode(struct buf *b, const struct uid *id, const struct store_subscription *s)
{
	char text[UID_TEXT_BYTES + 1], webhook[UID_TEXT_BYTES + 1], at[TIMESTAMP_BYTES + 1];
	uid_format(id, text);
	uid_format(&s->id, webhook);
	timestamp_format(clock_wall_ms(), at);
	buf_appendf(b, "{\"type\":\"webhook.ping\",\"id\":\"%s\",\"timestamp\":\"%s\",\"data\":{\"webhook\":\"%s\",\"name\":", text, at,
		    webhook);
	buf_append_json_string(b, s->name, strlen(s->name));
	buf_append_str(b, "}}");
}

static void ping(struct deliveries *d, struct webhook_endpoint *e, const struct store_subscription *s,
		 void (*then)(void *arg, const struct webhook_outcome *o), void *arg)
{
	struct uid id;
	char text[UID_TEXT_BYTES + 1];
	struct ping *p = mem_new(struct ping);
	*p = (struct ping){.owner_no = s->owner_no, .endpoint = e, .body = BUF_INIT, .then = then, .arg = arg};
	list_append(&d->pings, &p->in_all);
	uid_random(&id, 1);
	uid_format(&id, text);
	encode(&p->body, &id, s);
	const struct webhook_post post = {.id = text, .body = p->body.data, .n_body = p->body.len, .done = pinged, .arg = p};
	if (webhook_post(e, &post) != 0)
		pinged(p, &cancelled);
}

void delivery_pings_end(struct deliveries *d)
{
	list_for_each_safe(it, &d->pings) {
		struct ping *p = list_entry(it, struct ping, in_all);
		if (p->then)
			p->then(p->arg, &cancelled);
		p->then = NULL; /* its endpoint ends with the exchange, or with the sender */
	}
}

static bool has_place(const struct deliveries *d, uint64_t owner_no)
{
	size_t n = 0, n_of_owner = 0;
	list_for_each(it, &d->pings) {
		n++;
		n_of_owner += list_entry(it, const struct ping, in_all)->owner_no == owner_no;
	}
	return n < DELIVERIES_PINGS_MAX && n_of_owner < DELIVERIES_PINGS_OF_OWNER_MAX;
}

bool deliveries_ping(struct chat *c, const struct store_subscription *s, const struct store_webhook *w,
		     void (*then)(void *arg, const struct webhook_outcome *o), void *arg)
{
	struct deliveries *d = deliveries_of(c);
	if (d && !has_place(d, s->owner_no))
		return false;
	struct webhook_endpoint *e = d ? delivery_endpoint_new(d, w) : NULL;
	if (e)
		ping(d, e, s, then, arg);
	else if (then)
		then(arg, &cancelled);
	return true;
}
