/*
 * The topology of one server: the master among plain addresses, or the one that Sentinels tell of. The bus's seeds find it.
 *
 * Owner: the bus. Loop thread only.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_SINGLE_H
#define PARLEY_BUS_REDIS_REDIS_SINGLE_H

#include "bus/redis/redis_topology.h"

/* config->conn.address is the server. */
struct redis_topology *redis_single_new(const struct redis_topology_config *config);

#endif
