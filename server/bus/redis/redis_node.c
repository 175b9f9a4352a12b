#include "bus/redis/redis_node.h"

#include "base/clock.h"
#include "base/memory.h"
#include "bus/redis/redis_greeting.h"
#include "bus/redis/redis_pause.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* LASTS_MS: a server that is whole for less is one that fails: each return costs a question to the store for every room. */
enum { UNSENT_BYTES_MAX = 1 << 20, LASTS_MS = 5000 };

struct redis_node {
	struct redis_node_config config;
	struct redis_conn *subscriber, *publisher;
	struct loop_timer *pause;
	enum redis_node_state state;
	unsigned n_failures; /* since it was whole for some time */
	uint64_t whole_since_ms;
	bool has_probe_channel;
	bool has_refused; /* a channel, and it went on */
	struct list waiting;
	unsigned n_outstanding; /* probes sent since one came back */
	struct {
		uint64_t number, sent_ns;
	} probes[REDIS_PROBE_MISSES_MAX]; /* the latest ones, in a ring */
	size_t probe_at;
	char why[REDIS_FAULT_BYTES];
};

static void connect_both(struct redis_node *n);

static const char is_a_replica[] = "it is a replica, and what is published there is heard nowhere else";

static void set_why(struct redis_node *n, const char *why)
{
	char shown[REDIS_SHOWN_BYTES];
	redis_address_show(&n->config.conn.address, shown);
	snprintf(n->why, sizeof(n->why), "%s: %s", shown, why);
}

static uint64_t now_ms(const struct redis_node *n)
{
	return loop_now_ms(n->config.conn.loop);
}

static void set_state(struct redis_node *n, enum redis_node_state state)
{
	n->state = state;
	n->config.events.changed(n->config.events.arg, n);
}

/* May be called from any callback of either connection. The event comes last: it may destroy the node. */
static void go_away(struct redis_node *n, const char *why)
{
	bool has_lasted = n->state == REDIS_NODE_WHOLE && now_ms(n) - n->whole_since_ms >= LASTS_MS;
	set_why(n, why);
	if (has_lasted)
		n->n_failures = 0;
	redis_conn_destroy(n->subscriber);
	redis_conn_destroy(n->publisher);
	n->subscriber = n->publisher = NULL;
	n->has_probe_channel = n->has_refused = false;
	n->n_outstanding = 0;
	memset(n->probes, 0, sizeof(n->probes));
	metric_add(&n->config.metrics->bus_reconnects_total, 1);
	loop_timer_start(n->pause, redis_pause_ms(&n->n_failures), 0);
	set_state(n, REDIS_NODE_AWAY);
}

static void on_pause_over(void *arg)
{
	struct redis_node *n = arg;
	connect_both(n);
}

static void on_ready(void *arg)
{
	struct redis_node *n = arg;
	if (!redis_conn_is_ready(n->subscriber) || !redis_conn_is_ready(n->publisher))
		return;
	if (redis_conn_is_replica(n->publisher) || redis_conn_is_replica(n->subscriber))
		go_away(n, is_a_replica);
	else if (redis_conn_kind(n->publisher) == REDIS_SENTINEL)
		go_away(n, "it is a Sentinel now");
	else
		set_state(n, REDIS_NODE_UP);
}

static void on_subscriber_lost(void *arg)
{
	struct redis_node *n = arg;
	go_away(n, redis_conn_why(n->subscriber));
}

static void on_publisher_lost(void *arg)
{
	struct redis_node *n = arg;
	go_away(n, redis_conn_why(n->publisher));
}

static void on_confirmed(struct redis_node *n, const struct redis_reply *channel, bool is_subscribed)
{
	const struct redis_channel *probe = &n->config.probe;
	if (channel->n == probe->n && !memcmp(channel->text, probe->name, probe->n)) {
		if (is_subscribed && n->state == REDIS_NODE_UP) {
			set_why(n, "its probe has not come back yet");
			set_state(n, REDIS_NODE_HEARS);
		} else if (!is_subscribed) {
			go_away(n, "it has given up the probe's channel");
		}
		return;
	}
	n->config.events.confirmed(n->config.events.arg, n, channel->text, channel->n, is_subscribed);
}

/* RESP2: ["message", channel, bytes]; ["subscribe", channel, count]. */
static void on_pushed(void *arg, const struct redis_reply *r)
{
	struct redis_node *n = arg;
	const struct redis_reply *name = redis_reply_at(r, 0), *channel = redis_reply_at(r, 1), *bytes = redis_reply_at(r, 2);
	if (!channel || !bytes || channel->kind != REDIS_IS_STRING)
		return;
	if (bytes->kind == REDIS_IS_STRING) {
		metric_add(&n->config.metrics->bus_messages_in_total, 1);
		metric_add(&n->config.metrics->bus_bytes_in_total, bytes->n);
		n->config.events.message(n->config.events.arg, n, channel->text, channel->n, (const uint8_t *)bytes->text, bytes->n);
		return;
	}
	size_t skipped = n->config.is_sharded ? 1 : 0; /* ssubscribe, sunsubscribe */
	on_confirmed(n, channel, name->n > skipped && name->text[skipped] != 'u');
}

static const char *advice_for(const char *error)
{
	static const struct {
		const char *beginning, *advice;
	} table[] = {
		{"NOPERM", ": its user needs the channels &parley:* and the commands of the manual"},
		{"LOADING", ": it reads its data from disk and is ready later"},
		{"READONLY", ": it is a replica"},
		{"MASTERDOWN", ": it is a replica without its master"},
		{"OOM", ": its maxmemory is reached"},
		{"MOVED", ": it is a part of a Cluster now"},
		{"NOAUTH", ": its password was changed"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!strncmp(error, table[i].beginning, strlen(table[i].beginning)))
			return table[i].advice;
	}
	return "";
}

static void on_reply(void *arg, const struct redis_reply *r)
{
	struct redis_node *n = arg;
	char why[REDIS_WHY_BYTES];
	if (r->kind != REDIS_IS_ERROR || n->config.events.refused(n->config.events.arg, n, r->text))
		return;
	snprintf(why, sizeof(why), "it refuses (%.80s)%s", r->text, advice_for(r->text));
	go_away(n, why);
}

/* An error does not tell which channel it is about. */
static void on_names_refused(void *arg, const struct redis_reply *r)
{
	struct redis_node *n = arg;
	n->has_refused = true;
	on_reply(n, r);
}

static void connect_both(struct redis_node *n)
{
	struct redis_conn_events subscriber = {.ready = on_ready, .pushed = on_pushed, .lost = on_subscriber_lost, .arg = n};
	struct redis_conn_events publisher = {.ready = on_ready, .lost = on_publisher_lost, .arg = n};
	n->subscriber = redis_conn_new(&n->config.conn, &subscriber);
	n->publisher = redis_conn_new(&n->config.conn, &publisher);
}

struct redis_node *redis_node_new(const struct redis_node_config *config)
{
	struct redis_node *n = mem_new(struct redis_node);
	*n = (struct redis_node){.config = *config};
	list_init(&n->waiting);
	n->pause = loop_timer_new(config->conn.loop, on_pause_over, n);
	set_why(n, "not connected yet");
	connect_both(n);
	return n;
}

void redis_node_destroy(struct redis_node *n)
{
	if (!n)
		return;
	assert(list_empty(&n->waiting));
	redis_conn_destroy(n->subscriber);
	redis_conn_destroy(n->publisher);
	loop_timer_destroy(n->pause);
	free(n);
}

enum redis_node_state redis_node_state(const struct redis_node *n)
{
	return n->state;
}

const char *redis_node_why(const struct redis_node *n)
{
	return n->why;
}

const struct redis_address *redis_node_address(const struct redis_node *n)
{
	return &n->config.conn.address;
}

const struct redis_channel *redis_node_probe_channel(const struct redis_node *n)
{
	return &n->config.probe;
}

static void send_names(struct redis_node *n, const char *verb, const struct redis_part *names, size_t n_names)
{
	struct redis_part parts[1 + REDIS_BATCH_CHANNELS] = {{verb, strlen(verb)}};
	memcpy(parts + 1, names, n_names * sizeof(*names));
	redis_conn_command(n->subscriber, on_names_refused, n, parts, 1 + n_names);
}

void redis_node_subscribe(struct redis_node *n, const struct redis_part *names, size_t n_names)
{
	if (n->state != REDIS_NODE_AWAY)
		send_names(n, n->config.is_sharded ? "SSUBSCRIBE" : "SUBSCRIBE", names, n_names);
}

void redis_node_unsubscribe(struct redis_node *n, const struct redis_part *names, size_t n_names)
{
	if (n->state != REDIS_NODE_AWAY)
		send_names(n, n->config.is_sharded ? "SUNSUBSCRIBE" : "UNSUBSCRIBE", names, n_names);
}

void redis_node_subscribe_probe(struct redis_node *n)
{
	if (n->state != REDIS_NODE_UP || n->has_probe_channel)
		return;
	n->has_probe_channel = true;
	redis_node_subscribe(n, &(struct redis_part){n->config.probe.name, n->config.probe.n}, 1);
}

bool redis_node_take_refusal(struct redis_node *n)
{
	if (!n->has_refused || redis_conn_unanswered(n->subscriber) > 0)
		return false;
	n->has_refused = false;
	if (n->state != REDIS_NODE_UP || !n->has_probe_channel)
		return true;
	go_away(n, "it refuses the probe's channel");
	return false;
}

bool redis_node_has_room(const struct redis_node *n)
{
	return n->state != REDIS_NODE_AWAY && redis_conn_unsent(n->subscriber) < UNSENT_BYTES_MAX;
}

struct list *redis_node_waiting(struct redis_node *n)
{
	return &n->waiting;
}

static void on_role(void *arg, const struct redis_reply *r)
{
	struct redis_node *n = arg;
	if (redis_greeting_is_replica(r))
		go_away(n, is_a_replica);
}

/* A master that becomes a replica keeps its clients, and their probes come back: to notice it they have to ask. In a Cluster the map tells. */
static void ask_role(struct redis_node *n)
{
	if (!n->config.is_sharded)
		redis_conn_command_words(n->publisher, on_role, n, (const char *const[]){"HELLO", "2", NULL});
}

bool redis_node_publish(struct redis_node *n, const char *name, size_t n_name, const void *bytes, size_t n_bytes)
{
	static const char *const verbs[] = {"PUBLISH", "SPUBLISH"};
	const char *verb = verbs[n->config.is_sharded];
	struct redis_part parts[] = {{verb, strlen(verb)}, {name, n_name}, {bytes, n_bytes}};
	if (n->state == REDIS_NODE_AWAY)
		return false;
	redis_conn_command(n->publisher, on_reply, n, parts, 3);
	metric_add(&n->config.metrics->bus_messages_out_total, 1);
	metric_add(&n->config.metrics->bus_bytes_out_total, n_bytes);
	return true;
}

void redis_node_flush(struct redis_node *n)
{
	if (n->state == REDIS_NODE_AWAY)
		return;
	if (redis_conn_unsent(n->subscriber) > 0)
		redis_conn_flush(n->subscriber);
	if (redis_conn_unsent(n->publisher) > 0)
		redis_conn_flush(n->publisher);
}

void redis_node_probe(struct redis_node *n, uint64_t number, const void *bytes, size_t n_bytes)
{
	if (n->state < REDIS_NODE_HEARS)
		return;
	if (n->n_outstanding >= REDIS_PROBE_MISSES_MAX) {
		go_away(n, "what is published there does not come back");
		return;
	}
	n->n_outstanding++;
	n->probe_at = (n->probe_at + 1) % REDIS_PROBE_MISSES_MAX;
	n->probes[n->probe_at].number = number;
	n->probes[n->probe_at].sent_ns = clock_mono_ns();
	redis_node_publish(n, n->config.probe.name, n->config.probe.n, bytes, n_bytes);
	ask_role(n);
}

void redis_node_probe_back(struct redis_node *n, uint64_t number)
{
	size_t i = 0;
	while (i < REDIS_PROBE_MISSES_MAX && (!n->probes[i].sent_ns || n->probes[i].number != number))
		i++;
	if (i == REDIS_PROBE_MISSES_MAX)
		return; /* of an earlier connection */
	metric_observe(&n->config.metrics->bus_probe_seconds, clock_mono_ns() - n->probes[i].sent_ns);
	n->probes[i].sent_ns = 0;
	n->n_outstanding = 0;
	if (n->state != REDIS_NODE_HEARS)
		return;
	n->whole_since_ms = now_ms(n);
	set_state(n, REDIS_NODE_WHOLE);
}
