/*
 * Keeps the map of a Redis Cluster: which master has which slots. It asks one node, once a second and when its owner met a surprise, and goes on to another
 * node when that one does not answer, or believes that the Cluster is down. Only when all of them believe that, their map is taken nevertheless: the shards
 * that are left go on (cluster-allow-pubsubshard-when-down is on by default).
 *
 * It asks without a reason, too, since a master that is cut off from the others takes subscriptions and messages for ever, and says nothing.
 *
 * Owner: the bus. `changed` may destroy it. Loop thread only. Source: CLUSTER INFO, CLUSTER SLOTS (redis.io).
 */
#ifndef PARLEY_BUS_REDIS_REDIS_MAP_H
#define PARLEY_BUS_REDIS_REDIS_MAP_H

#include "bus/redis/redis_conn.h"
#include "bus/redis/redis_slots.h"

struct redis_map;

struct redis_map_config {
	struct redis_conn_config like;     /* its address is asked first */
	const struct redis_address *seeds; /* n_seeds, at least one; they live as long as the redis_map */
	size_t n_seeds;
	/* The first map, each one that differs from the one before, and the one that follows a surprise. It is valid until the next call. */
	void (*changed)(void *arg, const struct redis_slots *slots);
	void *arg;
};

struct redis_map *redis_map_new(const struct redis_map_config *config);
void redis_map_destroy(struct redis_map *m); /* accepts NULL */
/* Something was not where the map says: it is asked for again, at once or after a short pause. */
void redis_map_surprise(struct redis_map *m);
/* The error MOVED of the node at `by` (redis_slots_moved()): the map has it at once, without a call of `changed`. It is a surprise, too. */
bool redis_map_moved(struct redis_map *m, const char *error, const struct redis_address *by);
/* What is wrong with the Cluster as a whole, in words for an operator, or NULL. Valid until the next turn. */
const char *redis_map_why(const struct redis_map *m);

#endif
