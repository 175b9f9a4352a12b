/*
 * Who has which channel in a Redis Cluster: a channel belongs to a slot, and a slot to a shard, which is a master with its replicas. Pure.
 *
 * Owner: whoever declares it. It takes some 200 KB, so not on a stack. Source: "Redis cluster specification", hash tags and CLUSTER SLOTS (redis.io).
 */
#ifndef PARLEY_BUS_REDIS_REDIS_SLOTS_H
#define PARLEY_BUS_REDIS_REDIS_SLOTS_H

#include "bus/redis/redis_address.h"
#include "bus/redis/redis_reply.h"

enum { REDIS_SLOTS = 16384, REDIS_SHARDS_MAX = 256, REDIS_NO_SHARD = UINT16_MAX };

struct redis_slots {
	size_t n_shards;  /* each has a slot at least */
	size_t n_covered; /* slots that have a shard; REDIS_SLOTS in a Cluster that is whole */
	struct redis_address masters[REDIS_SHARDS_MAX];
	uint16_t shards[REDIS_SLOTS]; /* of each slot: an index of `masters`, or REDIS_NO_SHARD */
};

/* The slot of a channel's name. */
uint16_t redis_slot_of(const char *channel, size_t n);
/*
 * Takes the reply to CLUSTER SLOTS from the node at `asked`. What it announces is used as it is; where it names no host for a node, that node is at the host
 * that was asked. Returns NULL, or what is wrong: *out is of no use then.
 */
const char *redis_slots_parse(const struct redis_reply *r, const struct redis_address *asked, struct redis_slots *out);
/*
 * Takes the error MOVED of the node at `by`: the slot goes to the master that it names, or to nobody when the map has no such master. Returns false when this is
 * no such error, or names the node itself.
 */
bool redis_slots_moved(struct redis_slots *s, const char *error, const struct redis_address *by);

#endif
