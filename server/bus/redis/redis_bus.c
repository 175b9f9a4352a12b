#include "bus/redis/redis_bus.h"

#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "bus/instances.h"
#include "bus/redis/redis_cluster.h"
#include "bus/redis/redis_outgoing.h"
#include "bus/redis/redis_seeds.h"
#include "bus/redis/redis_single.h"
#include "bus/redis/redis_subscriptions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct redis_bus {
	struct bus bus;
	struct redis_bus_config config;
	char epoch[REDIS_EPOCH_BYTES];
	struct bus_instances instances;
	struct redis_seeds *seeds;
	struct redis_topology *topology; /* NULL: no server is found yet */
	struct redis_subscriptions subscriptions;
	struct redis_outgoing outgoing;
	struct loop_timer *second;  /* probes, leases */
	struct loop_timer *lease;   /* a lease ends before the next second */
	struct loop_timer *restart; /* begin() is called from within anything: what it ends, it ends later */
	bool is_restart_due, has_left;
	bool is_evaluation_due;
	uint64_t probe_number;
	uint64_t degraded_ms; /* since when */
	char why[REDIS_FAULT_BYTES], why_logged[REDIS_FAULT_BYTES], seeds_why[REDIS_FAULT_BYTES];
};

static struct redis_bus *of(struct bus *b)
{
	return (struct redis_bus *)b;
}

static uint64_t now_ms(const struct redis_bus *b)
{
	return loop_now_ms(b->config.loop);
}

static void set_gauge(_Atomic int64_t *gauge, int64_t value)
{
	atomic_store_explicit(gauge, value, memory_order_relaxed);
}

static struct redis_node *node_of(struct redis_bus *b, const struct redis_channel *c)
{
	return b->topology ? b->topology->methods->node_of(b->topology, c->name, c->n) : NULL;
}

static struct redis_node *node_at(struct redis_bus *b, size_t i)
{
	return b->topology ? b->topology->methods->node(b->topology, i) : NULL;
}

/* Returns false when the message is dropped. */
static bool send_now(struct redis_bus *b, uint64_t channel, const void *bytes, size_t n)
{
	struct redis_channel name;
	redis_channel_name(b->epoch, channel, &name);
	struct redis_node *node = node_of(b, &name);
	return node && redis_node_publish(node, name.name, name.n, bytes, n);
}

static void probe(struct redis_bus *b, struct redis_node *n)
{
	uint8_t packed[BUS_ALIVE_BYTES];
	auto_buf message = BUF_INIT;
	if (b->has_left)
		return;
	bus_alive_pack(&(struct bus_alive){.number = ++b->probe_number}, packed);
	bus_message_begin(&message, b->instances.own);
	bus_message_add(&message, BUS_ALIVE, packed, sizeof(packed));
	redis_node_probe(n, b->probe_number, message.data, message.len);
}

static void on_node_changed(void *arg, struct redis_node *n)
{
	struct redis_bus *b = arg;
	b->is_evaluation_due = true;
	switch (redis_node_state(n)) {
	case REDIS_NODE_AWAY:
		redis_subscriptions_lost(&b->subscriptions, n);
		b->topology->methods->doubt(b->topology, n, NULL);
		redis_seeds_search(b->seeds);
		break;
	case REDIS_NODE_UP:
		redis_subscriptions_look(&b->subscriptions);
		break;
	case REDIS_NODE_HEARS:
		probe(b, n);
		break;
	case REDIS_NODE_WHOLE:
		break;
	}
}

static void on_confirmed(void *arg, struct redis_node *n, const char *name, size_t n_name, bool is_subscribed)
{
	struct redis_bus *b = arg;
	uint64_t channel;
	if (redis_channel_number(b->epoch, name, n_name, &channel) &&
	    !redis_subscriptions_confirmed(&b->subscriptions, n, channel, is_subscribed))
		b->topology->methods->doubt(b->topology, n, "UNSUBSCRIBED");
}

static bool on_refused(void *arg, struct redis_node *n, const char *error)
{
	struct redis_bus *b = arg;
	return b->topology->methods->doubt(b->topology, n, error);
}

static void take_alive(struct redis_bus *b, struct redis_node *n, const struct bus_message *m, const struct bus_record *r)
{
	struct bus_alive said;
	if (!bus_alive_unpack(r->bytes, r->n, &said))
		return;
	if (bus_instances_is_own(&b->instances, m->sender))
		redis_node_probe_back(n, said.number);
	else
		bus_instances_heard(&b->instances, m->sender, &said, now_ms(b));
}

static void take_record(struct redis_bus *b, uint64_t channel, const struct bus_record *r)
{
	const struct bus_listener *l = &b->bus.listener;
	if (r->kind != BUS_ALIVE && (channel == BUS_EVERYBODY || redis_subscriptions_wants(&b->subscriptions, channel)))
		l->arrived(l->arg, channel, (enum bus_kind)r->kind, r->bytes, r->n);
}

static bool is_named(const struct redis_channel *c, const char *name, size_t n)
{
	return c->n == n && memcmp(c->name, name, n) == 0;
}

static void on_message(void *arg, struct redis_node *n, const char *name, size_t n_name, const uint8_t *bytes, size_t n_bytes)
{
	struct redis_bus *b = arg;
	struct bus_message message;
	struct bus_record record;
	uint64_t channel = BUS_EVERYBODY;
	bool is_probes = is_named(redis_node_probe_channel(n), name, n_name);
	bool has_number = redis_channel_number(b->epoch, name, n_name, &channel);
	if (b->is_restart_due || bus_message_open(bytes, n_bytes, &message) != 0 || (!is_probes && !has_number)) {
		metric_add(&b->config.metrics->bus_dropped_total, 1);
		return;
	}
	bool is_own = bus_instances_is_own(&b->instances, message.sender);
	if (is_own && !is_probes)
		return;
	while (!b->is_restart_due && bus_message_next(&message, &record)) {
		if (record.kind == BUS_ALIVE && is_probes)
			take_alive(b, n, &message, &record);
		else if (has_number && !is_own)
			take_record(b, channel, &record);
	}
}

static void on_moved(void *arg)
{
	struct redis_bus *b = arg;
	redis_subscriptions_look(&b->subscriptions);
	b->is_evaluation_due = true;
}

static void on_gone(void *arg, struct redis_node *n)
{
	struct redis_bus *b = arg;
	redis_subscriptions_lost(&b->subscriptions, n);
	b->is_evaluation_due = true;
}

static void end_topology(struct redis_bus *b)
{
	struct redis_topology *t = b->topology;
	b->topology = NULL;
	if (t)
		t->methods->destroy(t);
}

static void on_found(void *arg, enum redis_kind kind, const struct redis_address *address)
{
	struct redis_bus *b = arg;
	if (b->topology && b->topology->methods->seed(b->topology, kind, address))
		return;
	struct redis_topology_config config = {
		.conn = {.loop = b->config.loop,
			 .address = *address,
			 .password_file = b->config.password_file,
			 .ca_file = b->config.ca_file},
		.epoch = b->epoch,
		.metrics = b->config.metrics,
		.node_events =
			{.changed = on_node_changed, .confirmed = on_confirmed, .message = on_message, .refused = on_refused, .arg = b},
		.moved = on_moved,
		.gone = on_gone,
		.arg = b,
	};
	end_topology(b);
	b->is_evaluation_due = true;
	b->seeds_why[0] = '\0';
	if (kind == REDIS_CLUSTER)
		b->topology = redis_cluster_new(&config, b->config.addresses, b->config.n_addresses);
	else
		b->topology = redis_single_new(&config);
}

static void on_failed(void *arg, const char *why)
{
	struct redis_bus *b = arg;
	snprintf(b->seeds_why, sizeof(b->seeds_why), "%s", why);
	b->is_evaluation_due = true;
}

/* Returns NULL when the bus is whole. */
static const char *fault_of(struct redis_bus *b)
{
	if (!b->topology)
		return b->seeds_why[0] ? b->seeds_why : "not connected yet";
	struct redis_node *n;
	for (size_t i = 0; (n = node_at(b, i)); i++) {
		if (redis_node_state(n) != REDIS_NODE_WHOLE)
			return redis_node_why(n);
	}
	return b->topology->methods->why(b->topology);
}

static void log_away(struct redis_bus *b)
{
	if (b->bus.state != BUS_DEGRADED || strcmp(b->why, b->why_logged) == 0)
		return;
	LOG_WARN("bus.away", LOG_S("why", b->why), LOG_S("meanwhile", "what other instances do is seen within a second"));
	memcpy(b->why_logged, b->why, sizeof(b->why_logged));
}

static void set_state(struct redis_bus *b, enum bus_state state)
{
	b->bus.state = state;
	set_gauge(&b->config.metrics->bus_state, state);
	if (state == BUS_WHOLE) {
		LOG_INFO("bus.back", LOG_U("away_ms", now_ms(b) - b->degraded_ms));
		b->why_logged[0] = '\0';
		bus_instances_renew(&b->instances, now_ms(b));
	} else {
		b->degraded_ms = now_ms(b);
		log_away(b);
	}
}

static void evaluate(struct redis_bus *b)
{
	const char *fault = fault_of(b);
	enum bus_state state = fault ? BUS_DEGRADED : BUS_WHOLE;
	bool is_other = state != b->bus.state || strcmp(fault ? fault : "", b->why) != 0;
	b->is_evaluation_due = false;
	snprintf(b->why, sizeof(b->why), "%s", fault ? fault : "");
	if (state != b->bus.state)
		set_state(b, state);
	if (is_other)
		b->bus.listener.changed(b->bus.listener.arg);
}

static struct redis_node *node_that_is_there(void *arg, const struct redis_channel *c)
{
	struct redis_node *n = node_of(arg, c);
	return n && redis_node_state(n) != REDIS_NODE_AWAY ? n : NULL;
}

static void subscribe(struct redis_bus *b)
{
	struct redis_subscriber by = {.epoch = b->epoch, .node_of = node_that_is_there, .arg = b};
	struct redis_node *n;
	by.batch_max = b->topology ? b->topology->batch_max : 1;
	redis_subscriptions_work(&b->subscriptions, &by);
	for (size_t i = 0; (n = node_at(b, i)); i++) {
		redis_subscriptions_work_waiting(&b->subscriptions, n, &by);
		if (list_empty(redis_node_waiting(n)))
			redis_node_subscribe_probe(n);
	}
}

static void tell_heard(struct redis_bus *b)
{
	uint64_t heard[REDIS_BATCH_CHANNELS];
	size_t n;
	while ((n = redis_subscriptions_take_heard(&b->subscriptions, heard, REDIS_BATCH_CHANNELS)) > 0)
		b->bus.listener.hears(b->bus.listener.arg, heard, n);
}

static void count(struct redis_bus *b)
{
	b->bus.n_instances = bus_instances_count(&b->instances);
	set_gauge(&b->config.metrics->instances, (int64_t)b->bus.n_instances);
	set_gauge(&b->config.metrics->bus_channels, (int64_t)b->subscriptions.channels.n_used);
}

static void on_turn_early(void *arg)
{
	struct redis_bus *b = arg;
	if (!b->seeds || b->is_restart_due)
		return;
	subscribe(b);
	tell_heard(b);
	if (b->is_evaluation_due)
		evaluate(b);
}

static void on_send(void *arg, uint64_t channel, const void *bytes, size_t n)
{
	struct redis_bus *b = arg;
	if (!send_now(b, channel, bytes, n))
		metric_add(&b->config.metrics->bus_dropped_total, 1);
}

static void flush(struct redis_bus *b)
{
	struct redis_node *n;
	for (size_t i = 0; (n = node_at(b, i)); i++)
		redis_node_flush(n);
}

static void on_turn_late(void *arg)
{
	struct redis_bus *b = arg;
	if (!b->seeds || b->is_restart_due)
		return;
	subscribe(b);
	redis_outgoing_send(&b->outgoing, on_send, b);
	flush(b);
	count(b);
	if (b->subscriptions.n_heard > 0)
		loop_again(b->config.loop);
}

/* A lease that goes on until the next second is looked at then. */
static void expire(void *arg)
{
	struct redis_bus *b = arg;
	if (b->bus.state != BUS_WHOLE)
		return;
	uint64_t next_ms = bus_instances_expire(&b->instances, now_ms(b));
	if (next_ms < BUS_ALIVE_EVERY_MS)
		loop_timer_start(b->lease, next_ms, 0);
}

static void on_second(void *arg)
{
	struct redis_bus *b = arg;
	struct redis_node *n;
	for (size_t i = 0; (n = node_at(b, i)); i++) {
		/* Not sooner: nodes that do not agree about a slot would be asked without end. */
		if (redis_node_take_refusal(n))
			redis_subscriptions_refused(&b->subscriptions, n);
		probe(b, n);
	}
	expire(b);
	log_away(b);
}

static void search(struct redis_bus *b)
{
	struct redis_seeds_config config = {
		.loop = b->config.loop,
		.addresses = b->config.addresses,
		.n_addresses = b->config.n_addresses,
		.password_file = b->config.password_file,
		.sentinel_password_file = b->config.sentinel_password_file,
		.sentinel_name = b->config.sentinel_name,
		.ca_file = b->config.ca_file,
		.found = on_found,
		.failed = on_failed,
		.arg = b,
	};
	b->seeds = redis_seeds_new(&config);
}

static void on_restart(void *arg)
{
	struct redis_bus *b = arg;
	end_topology(b);
	redis_seeds_destroy(b->seeds);
	search(b);
	b->is_restart_due = false;
	b->is_evaluation_due = true;
}

static void redis_begin(struct bus *bus, const char *epoch, const struct bus_listener *listener)
{
	struct redis_bus *b = of(bus);
	bus->listener = *listener;
	snprintf(b->epoch, sizeof(b->epoch), "%s", epoch);
	redis_subscriptions_clear(&b->subscriptions);
	redis_outgoing_finish(&b->outgoing);
	bus_instances_clear(&b->instances);
	b->is_restart_due = true;
	loop_timer_start(b->restart, 0, 0);
}

static void redis_follow(struct bus *bus, uint64_t channel)
{
	if (channel != BUS_EVERYBODY)
		redis_subscriptions_follow(&of(bus)->subscriptions, channel);
}

static void redis_unfollow(struct bus *bus, uint64_t channel)
{
	redis_subscriptions_unfollow(&of(bus)->subscriptions, channel);
}

static void redis_publish(struct bus *bus, uint64_t channel, enum bus_kind kind, const void *bytes, size_t n)
{
	struct redis_bus *b = of(bus);
	if (b->has_left || n > BUS_RECORD_BYTES_MAX || b->outgoing.n_bytes + n > REDIS_OUTPUT_BYTES_MAX)
		metric_add(&b->config.metrics->bus_dropped_total, 1);
	else
		redis_outgoing_add(&b->outgoing, b->instances.own, channel, kind, bytes, n);
}

static void redis_leave(struct bus *bus)
{
	struct redis_bus *b = of(bus);
	uint8_t packed[BUS_ALIVE_BYTES];
	auto_buf message = BUF_INIT;
	if (b->has_left)
		return;
	redis_outgoing_send(&b->outgoing, on_send, b);
	bus_alive_pack(&(struct bus_alive){.leaves = true}, packed);
	bus_message_begin(&message, b->instances.own);
	bus_message_add(&message, BUS_ALIVE, packed, sizeof(packed));
	send_now(b, BUS_EVERYBODY, message.data, message.len);
	flush(b);
	b->has_left = true;
}

static void redis_destroy(struct bus *bus)
{
	struct redis_bus *b = of(bus);
	loop_not_at_turn_end(b->config.loop, on_turn_early, b);
	loop_not_at_turn_end(b->config.loop, on_turn_late, b);
	loop_timer_destroy(b->second);
	loop_timer_destroy(b->lease);
	loop_timer_destroy(b->restart);
	end_topology(b);
	redis_seeds_destroy(b->seeds);
	redis_subscriptions_finish(&b->subscriptions);
	redis_outgoing_finish(&b->outgoing);
	bus_instances_finish(&b->instances);
	set_gauge(&b->config.metrics->bus_state, BUS_NONE);
	free(b);
}

static const struct bus_methods methods = {
	.begin = redis_begin,
	.follow = redis_follow,
	.unfollow = redis_unfollow,
	.publish = redis_publish,
	.leave = redis_leave,
	.destroy = redis_destroy,
};

struct bus *redis_bus_new(const struct redis_bus_config *config)
{
	struct redis_bus *b = mem_new(struct redis_bus);
	*b = (struct redis_bus){.config = *config, .is_evaluation_due = true};
	b->bus = (struct bus){.methods = &methods, .state = BUS_DEGRADED, .why = b->why, .n_instances = 1};
	snprintf(b->why, sizeof(b->why), "not connected yet");
	b->degraded_ms = loop_now_ms(config->loop);
	set_gauge(&config->metrics->bus_state, BUS_DEGRADED);
	bus_instances_init(&b->instances);
	redis_subscriptions_init(&b->subscriptions);
	redis_outgoing_init(&b->outgoing);
	b->second = loop_timer_new(config->loop, on_second, b);
	b->lease = loop_timer_new(config->loop, expire, b);
	b->restart = loop_timer_new(config->loop, on_restart, b);
	loop_timer_start(b->second, BUS_ALIVE_EVERY_MS, BUS_ALIVE_EVERY_MS);
	loop_at_turn_end(config->loop, TURN_END_REPLIES, on_turn_early, b);
	loop_at_turn_end(config->loop, TURN_END_HAND_OVER, on_turn_late, b);
	return &b->bus;
}
