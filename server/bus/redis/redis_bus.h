/*
 * The bus over Redis: pub/sub of a plain server, of the master that Sentinels tell of, or of a Cluster. No keys are kept.
 *
 *     seeds (which server?) → topology (who has a channel?) → nodes (two connections each, and their probe)
 *     follow → subscriptions → nodes → hears        publish → outgoing → end of the turn → nodes        nodes → message → arrived
 *
 * The bus is whole when every node is: all channels are confirmed and the probe comes back. It is degraded at all other times, and says why.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_BUS_H
#define PARLEY_BUS_REDIS_REDIS_BUS_H

#include "base/metrics.h"
#include "bus/bus.h"
#include "bus/redis/redis_address.h"

struct loop;

/* The texts and addresses live as long as the bus. */
struct redis_bus_config {
	struct loop *loop;
	struct metrics *metrics;
	const struct redis_address *addresses; /* of servers, Sentinels or nodes of a Cluster */
	size_t n_addresses;
	const char *password_file, *sentinel_password_file; /* or NULL */
	const char *sentinel_name;                          /* or NULL */
	const char *ca_file;                                /* or NULL: the system's authorities */
};

struct bus *redis_bus_new(const struct redis_bus_config *config);

#endif
