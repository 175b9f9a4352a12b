/*
 * What is published in a turn, gathered by channel: records on one channel become one message of at most BUS_JOINED_BYTES_MAX, in the order in which they came.
 *
 * Owner: the bus. Loop thread only.
 */
#ifndef PARLEY_BUS_REDIS_REDIS_OUTGOING_H
#define PARLEY_BUS_REDIS_REDIS_OUTGOING_H

#include "base/id_map.h"
#include "base/list.h"
#include "bus/message.h"

enum { BUS_JOINED_BYTES_MAX = 64 << 10 };

struct redis_outgoing {
	struct id_map channels; /* the last message of each channel */
	struct list messages;   /* in the order in which they were begun */
	size_t n_bytes;
};

void redis_outgoing_init(struct redis_outgoing *o);
void redis_outgoing_finish(struct redis_outgoing *o);
void redis_outgoing_add(struct redis_outgoing *o, const uint8_t sender[BUS_INSTANCE_BYTES], uint64_t channel, enum bus_kind kind,
			const void *bytes, size_t n);
/* Calls send() for each message and forgets them all. */
void redis_outgoing_send(struct redis_outgoing *o, void (*send)(void *arg, uint64_t channel, const void *bytes, size_t n), void *arg);

#endif
