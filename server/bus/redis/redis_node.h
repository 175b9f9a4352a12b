/*
 * One server of the bus: a connection that subscribes and one that publishes. A node connects, and connects again with pauses when it was lost, until it is
 * destroyed. It is whole while its probe comes back: a message on its own channel, published on one connection and heard on the other, proves the whole way.
 *
 *     AWAY → UP (both connections are ready: subscribe everything, the probe's channel last) → HEARS (the probe's channel is confirmed, and so is all that was
 *     subscribed before) → WHOLE (a probe came back). Three probes in a row that do not come back, a refusal or a lost connection: AWAY.
 *
 * Owner: a topology. Loop thread only.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_NODE_H
#define PARLEY_BUS_REDIS_REDIS_NODE_H

#include "base/list.h"
#include "base/metrics.h"
#include "bus/redis/redis_channel.h"
#include "bus/redis/redis_conn.h"

struct redis_node;

enum redis_node_state { REDIS_NODE_AWAY, REDIS_NODE_UP, REDIS_NODE_HEARS, REDIS_NODE_WHOLE };

/* REDIS_BATCH_CHANNELS: the most channels of one command. */
enum { REDIS_PROBE_MISSES_MAX = 3, REDIS_BATCH_CHANNELS = 512 };

struct redis_node_events {
	/* The state changed; why: AWAY only. */
	void (*changed)(void *arg, struct redis_node *n);
	/* A channel is (or is no longer) subscribed. */
	void (*confirmed)(void *arg, struct redis_node *n, const char *name, size_t n_name, bool is_subscribed);
	void (*message)(void *arg, struct redis_node *n, const char *name, size_t n_name, const uint8_t *bytes, size_t n_bytes);
	/* The server refuses a command (MOVED, NOPERM, …). Returns true when the node is to go on, false when it is to go away with this reason. */
	bool (*refused)(void *arg, struct redis_node *n, const char *error);
	void *arg;
};

struct redis_node_config {
	struct redis_conn_config conn;
	struct redis_channel probe; /* the channel that this node has */
	bool is_sharded;            /* SSUBSCRIBE and SPUBLISH */
	struct metrics *metrics;
	struct redis_node_events events;
};

/* Events come from the loop, and `changed` also from redis_node_probe(), redis_node_probe_back() and redis_node_take_refusal(). */
struct redis_node *redis_node_new(const struct redis_node_config *config);
void redis_node_destroy(struct redis_node *n); /* accepts NULL; callable from an event of the node */

enum redis_node_state redis_node_state(const struct redis_node *n);
/* In words for an operator, with the server's address; while it is not whole. */
const char *redis_node_why(const struct redis_node *n);
const struct redis_address *redis_node_address(const struct redis_node *n);
const struct redis_channel *redis_node_probe_channel(const struct redis_node *n);

/* From UP on. Names of one batch: at most REDIS_BATCH_CHANNELS, in a Cluster of one slot. */
void redis_node_subscribe(struct redis_node *n, const struct redis_part *names, size_t n_names);
void redis_node_unsubscribe(struct redis_node *n, const struct redis_part *names, size_t n_names);
/* Once after UP: everything else is subscribed. */
void redis_node_subscribe_probe(struct redis_node *n);
/* Returns true once when the server has refused a channel, the node went on, and nothing is unanswered: what is not confirmed by now is refused. A node whose probe's
 * channel was refused goes away. */
bool redis_node_take_refusal(struct redis_node *n);
/* Whether it can take more subscriptions now: those in between wait for their turn. */
bool redis_node_has_room(const struct redis_node *n);
/* Those that wait, for their owner (redis_subscription.changed). It takes them out before the node is destroyed. */
struct list *redis_node_waiting(struct redis_node *n);
/* Returns false, and does nothing, when it is away. */
bool redis_node_publish(struct redis_node *n, const char *name, size_t n_name, const void *bytes, size_t n_bytes);
/* Writes what is gathered. */
void redis_node_flush(struct redis_node *n);

/* Sends a probe (a whole message of the bus, of this number). Call it once a second, and when the state becomes HEARS. */
void redis_node_probe(struct redis_node *n, uint64_t number, const void *bytes, size_t n_bytes);
/* A probe of this number was heard on the probe's channel. */
void redis_node_probe_back(struct redis_node *n, uint64_t number);

#endif
