/*
 * The addresses that an operator gives, and the way from them to the server: each is asked what it is.
 *
 * - Plain servers: the first one in the given order that is a master. One that does not answer is waited for, for some seconds at most: all instances have to
 *   come to the same server. While another than the first is used, those before it are asked again every few seconds: an instance that alone did not reach
 *   the first one comes back to the others.
 * - Sentinels: each is asked, once a second for ever, which master it watches. The answer with the highest config-epoch counts: a Sentinel that is cut off with
 *   an old master has an old one. Asking is preferred over subscribing to +switch-master, because an answer proves that the Sentinel is there.
 * - Nodes of a Cluster: `found` gets the first that answers, and the topology finds the others.
 *
 * Owner: the bus. Loop thread only. Source: SENTINEL MASTER, SENTINEL MASTERS (redis.io, "High availability with Redis Sentinel").
 */
#ifndef PARLEY_BUS_REDIS_REDIS_SEEDS_H
#define PARLEY_BUS_REDIS_REDIS_SEEDS_H

#include "bus/redis/redis_conn.h"

struct redis_seeds;

enum { REDIS_SEEDS_MAX = 64 };

struct redis_seeds_config {
	struct loop *loop;
	const struct redis_address *addresses; /* lives as long as the seeds */
	size_t n_addresses;
	const char *password_file;          /* of the servers; or NULL */
	const char *sentinel_password_file; /* of the Sentinels; NULL: they have none */
	const char *sentinel_name;          /* NULL: the only master that a Sentinel watches */
	const char *ca_file;
	/* Called from the loop. kind: REDIS_PLAIN (also when a Sentinel told of it) or REDIS_CLUSTER. Called again when another server is found, and at the end of each
	 * search, also with the server that is known already. It may destroy the seeds. */
	void (*found)(void *arg, enum redis_kind kind, const struct redis_address *address);
	/* Nothing is found; it goes on by itself. */
	void (*failed)(void *arg, const char *why);
	void *arg;
};

/* Begins to search. */
struct redis_seeds *redis_seeds_new(const struct redis_seeds_config *config);
void redis_seeds_destroy(struct redis_seeds *s); /* accepts NULL */
/* What was found is away. */
void redis_seeds_search(struct redis_seeds *s);

#endif
