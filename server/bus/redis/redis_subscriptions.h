/*
 * What the bus follows, and how far each channel's subscription is. A hash of channels, and a list of those that have to be looked at: it costs what changes.
 *
 * A follow and an unfollow of one turn cancel each other. Confirmations come in the order of the commands: a channel is heard when as many came as were asked
 * for, and the last command was to subscribe.
 *
 * Owner: the bus. Loop thread only.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_SUBSCRIPTIONS_H
#define PARLEY_BUS_REDIS_REDIS_SUBSCRIPTIONS_H

#include "base/id_map.h"
#include "base/list.h"
#include "bus/redis/redis_node.h"

struct redis_subscription {
	struct list changed; /* redis_subscriptions.changed, or redis_node_waiting(); alone when there is nothing to do */
	uint64_t channel;
	struct redis_node *node; /* where the last command for it went; NULL: nowhere */
	uint32_t n_asked;        /* commands without confirmation */
	bool is_wanted;
	bool is_subscribed; /* the last command was to subscribe */
	bool is_told;       /* that it is heard */
};

struct redis_subscriptions {
	struct id_map channels;
	struct list changed; /* redis_subscription.changed */
	uint64_t *heard;     /* channels that are heard and not told yet */
	size_t n_heard, n_heard_slots;
};

/* What redis_subscriptions_work() needs. */
struct redis_subscriber {
	const char *epoch;
	/* The node of a channel, or NULL when there is none, or it is away. */
	struct redis_node *(*node_of)(void *arg, const struct redis_channel *c);
	void *arg;
	size_t batch_max; /* channels of one command, at most REDIS_BATCH_CHANNELS; 1 in a Cluster, where they would have to be of one slot */
};

void redis_subscriptions_init(struct redis_subscriptions *s);
void redis_subscriptions_finish(struct redis_subscriptions *s);
/* Forgets all channels. */
void redis_subscriptions_clear(struct redis_subscriptions *s);
void redis_subscriptions_follow(struct redis_subscriptions *s, uint64_t channel);
void redis_subscriptions_unfollow(struct redis_subscriptions *s, uint64_t channel);
bool redis_subscriptions_wants(const struct redis_subscriptions *s, uint64_t channel);
/* A confirmation of a node. Returns false when it ends a subscription that is wanted and was not asked to end. */
bool redis_subscriptions_confirmed(struct redis_subscriptions *s, struct redis_node *n, uint64_t channel, bool is_subscribed);
/* The node is away, or gone: what waits for it is looked at, and what was subscribed there is to be subscribed anew. */
void redis_subscriptions_lost(struct redis_subscriptions *s, struct redis_node *n);
/* The node has refused commands, and has answered all others: what it did not confirm is not so, and is asked for anew. */
void redis_subscriptions_refused(struct redis_subscriptions *s, const struct redis_node *n);
/* Looks at all that is wanted: nodes have come, or have other channels. */
void redis_subscriptions_look(struct redis_subscriptions *s);
/* Sends what has to be sent, in batches. What has to go to a node without room waits for that node alone. */
void redis_subscriptions_work(struct redis_subscriptions *s, const struct redis_subscriber *by);
/* Sends as much of what waits for this node as it has room for now. */
void redis_subscriptions_work_waiting(struct redis_subscriptions *s, struct redis_node *n, const struct redis_subscriber *by);
/* Takes up to `most` channels that are heard now; they are told. Returns how many. */
size_t redis_subscriptions_take_heard(struct redis_subscriptions *s, uint64_t *out, size_t most);

#endif
