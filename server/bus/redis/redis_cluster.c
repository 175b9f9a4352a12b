#include "bus/redis/redis_cluster.h"

#include "base/memory.h"
#include "bus/bus.h"
#include "bus/redis/redis_map.h"

#include <stdlib.h>
#include <string.h>

struct redis_cluster {
	struct redis_topology topology; /* first: one is the other */
	struct redis_topology_config config;
	struct redis_channel everybody;
	struct redis_map *map;
	const struct redis_slots *slots; /* the map's; NULL: none is known yet */
	struct redis_node *nodes[REDIS_SHARDS_MAX];
	size_t n_nodes;          /* nodes[i] is that of slots->masters[i] */
	struct loop_timer *told; /* the bus is told of a move when what told of it has returned */
};

static struct redis_cluster *cluster_of(struct redis_topology *t)
{
	return (struct redis_cluster *)t;
}

static uint16_t shard_of(const struct redis_slots *slots, const struct redis_channel *channel)
{
	return slots->shards[redis_slot_of(channel->name, channel->n)];
}

static bool is_same(const struct redis_channel *a, const struct redis_channel *b)
{
	return a->n == b->n && memcmp(a->name, b->name, a->n) == 0;
}

/*
 * BUS_EVERYBODY, or the greatest number whose channel the shard has: rooms are counted from 1 on, so it is no room's. Every shard of a map has a slot, which one
 * of some 16,000 names falls into.
 */
static void find_probe(const struct redis_cluster *c, const struct redis_slots *slots, size_t shard, struct redis_channel *out)
{
	*out = c->everybody;
	for (uint64_t i = 0; shard_of(slots, out) != shard; i++)
		redis_channel_name(c->config.epoch, UINT64_MAX - i, out);
}

static struct redis_node *make_node(struct redis_cluster *c, const struct redis_slots *slots, size_t shard)
{
	struct redis_node_config config = {
		.conn = c->config.conn, .is_sharded = true, .metrics = c->config.metrics, .events = c->config.node_events};
	config.conn.address = slots->masters[shard];
	find_probe(c, slots, shard, &config.probe);
	return redis_node_new(&config);
}

/* The shard has the channel that probes it, and BUS_EVERYBODY is heard as a probe. */
static bool probe_fits(const struct redis_cluster *c, const struct redis_slots *slots, size_t shard, const struct redis_channel *probe)
{
	return shard_of(slots, probe) == shard && is_same(probe, &c->everybody) == (shard_of(slots, &c->everybody) == shard);
}

/* Takes the node of this master out of the old ones, if it is of use still. */
static struct redis_node *keep_node(struct redis_cluster *c, const struct redis_slots *slots, size_t shard)
{
	for (size_t i = 0; i < c->n_nodes; i++) {
		struct redis_node *n = c->nodes[i];
		if (!n || !redis_address_equal(redis_node_address(n), &slots->masters[shard]) ||
		    !probe_fits(c, slots, shard, redis_node_probe_channel(n)))
			continue;
		c->nodes[i] = NULL;
		return n;
	}
	return NULL;
}

static void end_nodes(struct redis_cluster *c)
{
	for (size_t i = 0; i < c->n_nodes; i++) {
		if (c->nodes[i])
			c->config.gone(c->config.arg, c->nodes[i]);
		redis_node_destroy(c->nodes[i]);
	}
	c->n_nodes = 0;
}

static void on_map(void *arg, const struct redis_slots *slots)
{
	struct redis_cluster *c = arg;
	struct redis_node *nodes[REDIS_SHARDS_MAX] = {NULL};
	for (size_t i = 0; i < slots->n_shards; i++) {
		nodes[i] = keep_node(c, slots, i);
		if (!nodes[i])
			nodes[i] = make_node(c, slots, i);
	}
	end_nodes(c);
	memcpy(c->nodes, nodes, sizeof(nodes));
	c->n_nodes = slots->n_shards;
	c->slots = slots;
	c->config.moved(c->config.arg);
}

static struct redis_node *node_of(struct redis_topology *t, const char *name, size_t n)
{
	struct redis_cluster *c = cluster_of(t);
	uint16_t shard = c->slots ? c->slots->shards[redis_slot_of(name, n)] : REDIS_NO_SHARD;
	return shard == REDIS_NO_SHARD ? NULL : c->nodes[shard];
}

static struct redis_node *node(struct redis_topology *t, size_t i)
{
	struct redis_cluster *c = cluster_of(t);
	return i < c->n_nodes ? c->nodes[i] : NULL;
}

static const char *why(struct redis_topology *t)
{
	struct redis_cluster *c = cluster_of(t);
	const char *fault = redis_map_why(c->map);
	return fault || c->slots ? fault : "not connected yet";
}

/* What the seeds find is a node of the same Cluster, which the map knows. */
static bool seed(struct redis_topology *t, enum redis_kind kind, const struct redis_address *address)
{
	(void)t, (void)address;
	return kind == REDIS_CLUSTER;
}

/* MOVED is how a Cluster says that all is well elsewhere. Whatever else is refused (CLUSTERDOWN, NOPERM, …) makes the node begin anew, after a pause. */
static bool doubt(struct redis_topology *t, struct redis_node *n, const char *error)
{
	struct redis_cluster *c = cluster_of(t);
	redis_map_surprise(c->map);
	if (!error || !redis_map_moved(c->map, error, redis_node_address(n)))
		return false;
	loop_timer_start(c->told, 0, 0);
	return true;
}

static void on_told(void *arg)
{
	struct redis_cluster *c = arg;
	c->config.moved(c->config.arg);
}

static void destroy(struct redis_topology *t)
{
	struct redis_cluster *c = cluster_of(t);
	redis_map_destroy(c->map);
	end_nodes(c);
	loop_timer_destroy(c->told);
	free(c);
}

static const struct redis_topology_methods methods = {
	.node_of = node_of,
	.node = node,
	.why = why,
	.seed = seed,
	.doubt = doubt,
	.destroy = destroy,
};

struct redis_topology *redis_cluster_new(const struct redis_topology_config *config, const struct redis_address *seeds, size_t n_seeds)
{
	struct redis_cluster *c = mem_new(struct redis_cluster);
	/* The channels of one command have to be of one slot, and two rooms' are not. */
	*c = (struct redis_cluster){.topology = {.methods = &methods, .batch_max = 1}, .config = *config};
	redis_channel_name(config->epoch, BUS_EVERYBODY, &c->everybody);
	c->told = loop_timer_new(config->conn.loop, on_told, c);
	c->map = redis_map_new(
		&(struct redis_map_config){.like = config->conn, .seeds = seeds, .n_seeds = n_seeds, .changed = on_map, .arg = c});
	return &c->topology;
}
