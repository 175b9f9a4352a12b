/*
 * Makes the bus between instances from the options. Owner: app.c. Loop thread only.
 */
#ifndef PARLEY_APP_APP_BUS_H
#define PARLEY_APP_APP_BUS_H

#include "app/config.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "bus/bus.h"

/* *bus is NULL without --redis. A Redis that is away is no fault: the bus is degraded then. Returns 0, or -1 with a sentence. The bus's texts are the
 * config's. */
int app_bus_open(struct bus **bus, struct loop *l, struct metrics *m, const struct config *config, char fault[CONFIG_FAULT_BYTES]);

#endif
