/*
 * The topology of a Redis Cluster: a node for each master that has slots (redis_map.h), with sharded channels: SSUBSCRIBE and SPUBLISH go to the master of the
 * channel's slot, so that the shards share the load. Plain channels would go through every node of the Cluster.
 *
 * - Each shard is probed by itself, on a channel of its own: the one that everybody hears where the shard has that, or another one that nothing else is
 *   published on. A shard that is away takes its channels along, and no others.
 * - A slot that moves away ends its subscriptions (the server says so), or its next message is refused (MOVED). Either way the channel goes to its new master
 *   at once where the error names it, or when the map is here.
 *
 * Owner: the bus. Loop thread only. Source: "Redis Pub/Sub", sharded Pub/Sub; "Redis cluster specification" (redis.io). Redis 7.0 and later.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_CLUSTER_H
#define PARLEY_BUS_REDIS_REDIS_CLUSTER_H

#include "bus/redis/redis_topology.h"

/* config->conn.address is asked first, then the seeds: at least one, which live as long as the topology. */
struct redis_topology *redis_cluster_new(const struct redis_topology_config *config, const struct redis_address *seeds, size_t n_seeds);

#endif
