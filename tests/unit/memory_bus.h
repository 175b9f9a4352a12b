/*
 * A bus in memory for chats of one test. What a chat publishes is copied for each other one that hears the channel, and waits in the hub until the test delivers it:
 * late, twice, in another order, changed, or never. A channel is heard when the test says so. All calls of listeners come from the functions below, outside of a
 * turn.
 */
#ifndef PARLEY_TESTS_MEMORY_BUS_H
#define PARLEY_TESTS_MEMORY_BUS_H

#include "bus/bus.h"

#include <stdbool.h>

enum { HUB_BUSES_MAX = 2, HUB_PACKETS_MAX = 4096, HUB_CHANNELS_MAX = 64 };

struct memory_channel {
	uint64_t no;
	bool is_heard;
};

struct memory_bus {
	struct bus base; /* first */
	struct memory_hub *hub;
	char epoch[16];
	unsigned n_begun;
	struct memory_channel channels[HUB_CHANNELS_MAX];
	size_t n_channels;
};

struct bus_packet {
	struct memory_bus *to;
	uint64_t channel;
	enum bus_kind kind;
	uint8_t *bytes;
	size_t n;
};

struct memory_hub {
	struct memory_bus buses[HUB_BUSES_MAX]; /* whole */
	struct bus_packet packets[HUB_PACKETS_MAX];
	size_t n_packets;
};

struct memory_hub *memory_hub_new(void);
void memory_hub_free(struct memory_hub *hub);

/* Channels that are followed are heard from now on; n_channels of all buses are told. */
size_t memory_hub_confirm(struct memory_hub *hub);
/* The packet stays. */
void memory_hub_deliver(const struct memory_hub *hub, size_t i);
void memory_hub_forget(struct memory_hub *hub);
/* Delivers all that waits, in order, and forgets it; how many it was. */
size_t memory_hub_pass(struct memory_hub *hub);
/* Away: nothing is heard, and what is published is lost. Back: all channels are to be confirmed again, before the bus is whole. */
void memory_bus_set_away(struct memory_bus *b, bool is_away);

#endif
