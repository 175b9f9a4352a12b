/*
 * The instances of the server that are alive. Each says so once a second on BUS_EVERYBODY, which is its lease: one that is silent for BUS_LEASE_MS is dead. An
 * instance has a new id at each start. Nothing is kept outside of memory. The others know within 15 s that an instance was killed: its last word may come just before
 * that, and it takes some time on its way.
 *
 * A silent bus says nothing of the others: while it is away nobody dies, and when it is back all have a lease from then on.
 *
 * Owner: a bus. Loop thread only.
 */
#ifndef PARLEY_BUS_INSTANCES_H
#define PARLEY_BUS_INSTANCES_H

#include "base/id_map.h"
#include "bus/message.h"

/* INSTANCES_MAX: further ones are not counted. */
enum { BUS_ALIVE_EVERY_MS = 1000, BUS_LEASE_MS = 14000, BUS_INSTANCES_MAX = 1024 };

struct bus_instances {
	uint8_t own[BUS_INSTANCE_BYTES];
	struct id_map others; /* struct instance, in instances.c */
};

/* What BUS_ALIVE says: leaves (u8, 1: this instance ends now), the probe's number (u64, little-endian). Later versions may append to it. */
struct bus_alive {
	bool leaves;
	uint64_t number;
};

enum { BUS_ALIVE_BYTES = 1 + 8 };

/* Makes an id. */
void bus_instances_init(struct bus_instances *i);
void bus_instances_finish(struct bus_instances *i);
/* Forgets all others. */
void bus_instances_clear(struct bus_instances *i);
bool bus_instances_is_own(const struct bus_instances *i, const uint8_t id[BUS_INSTANCE_BYTES]);
/* Another one was heard. */
void bus_instances_heard(struct bus_instances *i, const uint8_t id[BUS_INSTANCE_BYTES], const struct bus_alive *said, uint64_t now_ms);
/* The bus is back: every lease begins anew. */
void bus_instances_renew(struct bus_instances *i, uint64_t now_ms);
/* Forgets the dead. Not while the bus is away. Returns after how many milliseconds the next lease ends, unless its instance is heard before; UINT64_MAX: there is none. */
uint64_t bus_instances_expire(struct bus_instances *i, uint64_t now_ms);
/* How many are alive, this one included. */
size_t bus_instances_count(const struct bus_instances *i);

void bus_alive_pack(const struct bus_alive *a, uint8_t out[BUS_ALIVE_BYTES]);
bool bus_alive_unpack(const uint8_t *bytes, size_t n, struct bus_alive *out);

#endif
