#include "memory_bus.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct memory_bus *of(struct bus *b)
{
	return (struct memory_bus *)(void *)b;
}

static struct memory_channel *find(struct memory_bus *b, uint64_t no)
{
	for (size_t i = 0; i < b->n_channels; i++)
		if (b->channels[i].no == no)
			return &b->channels[i];
	return NULL;
}

static void begin(struct bus *base, const char *epoch, const struct bus_listener *listener)
{
	struct memory_bus *b = of(base);
	assert(strlen(epoch) < sizeof(b->epoch));
	strcpy(b->epoch, epoch);
	base->listener = *listener;
	b->n_begun++;
	b->n_channels = 0;
}

static void follow(struct bus *base, uint64_t channel)
{
	struct memory_bus *b = of(base);
	assert(b->n_begun > 0 && !find(b, channel) && b->n_channels < HUB_CHANNELS_MAX);
	b->channels[b->n_channels++] = (struct memory_channel){.no = channel};
}

static void unfollow(struct bus *base, uint64_t channel)
{
	struct memory_bus *b = of(base);
	struct memory_channel *c = find(b, channel);
	assert(c);
	*c = b->channels[--b->n_channels];
}

static bool hears(struct memory_bus *b, uint64_t channel)
{
	const struct memory_channel *c = find(b, channel);
	return b->base.state == BUS_WHOLE && (channel == BUS_EVERYBODY || (c && c->is_heard));
}

static void publish(struct bus *base, uint64_t channel, enum bus_kind kind, const void *bytes, size_t n)
{
	struct memory_hub *hub = of(base)->hub;
	assert(n > 0 && n <= BUS_MESSAGE_BYTES_MAX);
	for (size_t i = 0; base->state == BUS_WHOLE && i < HUB_BUSES_MAX; i++) {
		struct memory_bus *to = &hub->buses[i];
		if (to == of(base) || !hears(to, channel) || strcmp(to->epoch, of(base)->epoch) != 0)
			continue;
		assert(hub->n_packets < HUB_PACKETS_MAX);
		struct bus_packet *p = &hub->packets[hub->n_packets++];
		*p = (struct bus_packet){.to = to, .channel = channel, .kind = kind, .bytes = malloc(n), .n = n};
		memcpy(p->bytes, bytes, n); /* of exactly its size, so that a sanitizer sees one byte too many being read */
	}
}

static void leave(struct bus *base)
{
	(void)base;
}

static const struct bus_methods methods = {begin, follow, unfollow, publish, leave, leave};

struct memory_hub *memory_hub_new(void)
{
	struct memory_hub *hub = calloc(1, sizeof *hub);
	for (size_t i = 0; i < HUB_BUSES_MAX; i++) {
		hub->buses[i].base = (struct bus){.methods = &methods, .state = BUS_WHOLE, .n_instances = HUB_BUSES_MAX};
		hub->buses[i].hub = hub;
	}
	return hub;
}

void memory_hub_free(struct memory_hub *hub)
{
	memory_hub_forget(hub);
	free(hub);
}

static void tell_changed(struct memory_bus *b)
{
	if (b->n_begun > 0)
		b->base.listener.changed(b->base.listener.arg);
}

size_t memory_hub_confirm(struct memory_hub *hub)
{
	size_t n_all = 0;
	for (size_t i = 0; i < HUB_BUSES_MAX; i++) {
		struct memory_bus *b = &hub->buses[i];
		uint64_t told[HUB_CHANNELS_MAX];
		size_t n = 0;
		for (size_t j = 0; j < b->n_channels; j++) {
			if (!b->channels[j].is_heard)
				told[n++] = b->channels[j].no;
			b->channels[j].is_heard = true;
		}
		if (n > 0)
			b->base.listener.hears(b->base.listener.arg, told, n);
		n_all += n;
	}
	return n_all;
}

void memory_hub_deliver(const struct memory_hub *hub, size_t i)
{
	const struct bus_packet *p = &hub->packets[i];
	const struct bus_listener *listener = &p->to->base.listener;
	listener->arrived(listener->arg, p->channel, p->kind, p->bytes, p->n);
}

void memory_hub_forget(struct memory_hub *hub)
{
	while (hub->n_packets > 0)
		free(hub->packets[--hub->n_packets].bytes);
}

size_t memory_hub_pass(struct memory_hub *hub)
{
	size_t n = hub->n_packets;
	for (size_t i = 0; i < hub->n_packets; i++)
		memory_hub_deliver(hub, i);
	memory_hub_forget(hub);
	return n;
}

void memory_bus_set_away(struct memory_bus *b, bool is_away)
{
	for (size_t i = 0; is_away && i < b->n_channels; i++)
		b->channels[i].is_heard = false;
	b->base.state = is_away ? BUS_DEGRADED : BUS_WHOLE;
	b->base.why = is_away ? "away" : NULL;
	if (!is_away)
		memory_hub_confirm(b->hub);
	tell_changed(b);
}
