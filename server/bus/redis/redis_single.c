#include "bus/redis/redis_single.h"

#include "base/memory.h"

#include <stdlib.h>

struct redis_single {
	struct redis_topology topology;
	struct redis_topology_config config;
	struct redis_node *node;
};

static struct redis_single *of(struct redis_topology *t)
{
	return (struct redis_single *)t;
}

static struct redis_node *single_node_of(struct redis_topology *t, const char *name, size_t n)
{
	(void)name, (void)n;
	return of(t)->node;
}

static struct redis_node *single_node(struct redis_topology *t, size_t i)
{
	return i == 0 ? of(t)->node : NULL;
}

static const char *single_why(struct redis_topology *t)
{
	(void)t;
	return NULL;
}

static bool single_seed(struct redis_topology *t, enum redis_kind kind, const struct redis_address *address)
{
	return kind == REDIS_PLAIN && redis_address_equal(redis_node_address(of(t)->node), address);
}

/* The seeds look where the master is. */
static bool single_doubt(struct redis_topology *t, struct redis_node *n, const char *error)
{
	(void)t, (void)n, (void)error;
	return false;
}

static void single_destroy(struct redis_topology *t)
{
	struct redis_single *s = of(t);
	s->config.gone(s->config.arg, s->node);
	redis_node_destroy(s->node);
	free(s);
}

static const struct redis_topology_methods methods = {
	.node_of = single_node_of,
	.node = single_node,
	.why = single_why,
	.seed = single_seed,
	.doubt = single_doubt,
	.destroy = single_destroy,
};

struct redis_topology *redis_single_new(const struct redis_topology_config *config)
{
	struct redis_single *s = mem_new(struct redis_single);
	struct redis_node_config node = {.conn = config->conn, .metrics = config->metrics, .events = config->node_events};
	*s = (struct redis_single){.topology = {.methods = &methods, .batch_max = REDIS_BATCH_CHANNELS}, .config = *config};
	redis_channel_name(config->epoch, 0, &node.probe);
	s->node = redis_node_new(&node);
	return &s->topology;
}
