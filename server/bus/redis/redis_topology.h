/*
 * Which servers there are, and who has a channel: one server (redis_single.h), or the shards of a Cluster (redis_cluster.h). A topology makes the nodes, watches
 * for changes and destroys nodes that are no longer needed.
 *
 * Owner: the bus. Loop thread only.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_TOPOLOGY_H
#define PARLEY_BUS_REDIS_REDIS_TOPOLOGY_H

#include "bus/redis/redis_node.h"

struct redis_topology {
	const struct redis_topology_methods *methods;
	size_t batch_max; /* channels of one command, at most REDIS_BATCH_CHANNELS */
};

struct redis_topology_config {
	struct redis_conn_config conn; /* for all nodes, but for the address */
	const char *epoch;             /* of the channels' names; lives as long as the topology */
	struct metrics *metrics;
	struct redis_node_events node_events; /* the bus's: every node gets them */
	/* The nodes, or what they have, are others than before: each channel whose node is not node_of() is to move there. Not from within a method. */
	void (*moved)(void *arg);
	/* This node is destroyed now. */
	void (*gone)(void *arg, struct redis_node *n);
	void *arg;
};

struct redis_topology_methods {
	/* The node that has this channel, or NULL when none is known. */
	struct redis_node *(*node_of)(struct redis_topology *t, const char *name, size_t n);
	/* All nodes: i from 0 on, NULL at the end. */
	struct redis_node *(*node)(struct redis_topology *t, size_t i);
	/* NULL, or why channels have no node, for an operator. */
	const char *(*why)(struct redis_topology *t);
	/* The seeds found this server (the master, or a node of a Cluster that answers). Returns false when another topology has to take this one's place. */
	bool (*seed)(struct redis_topology *t, enum redis_kind kind, const struct redis_address *address);
	/* Something is not as it was thought to be: a node went away (error NULL), or refuses a command. Returns true when a node that refuses may go on. */
	bool (*doubt)(struct redis_topology *t, struct redis_node *n, const char *error);
	void (*destroy)(struct redis_topology *t);
};

#endif
