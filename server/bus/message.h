/*
 * The form of a message of the bus: version (u8), the sender's instance (16 bytes), then records of kind (u8), length (u32, little-endian) and bytes. What is
 * published on one channel in one turn goes out as one message.
 *
 * Whatever comes from the bus may be of another version, damaged or forged: bus_message_open() looks at the whole form before anything of it is used. The bytes
 * of a record are for its receiver to check.
 *
 * Pure.
 */
#ifndef PARLEY_BUS_MESSAGE_H
#define PARLEY_BUS_MESSAGE_H

#include "bus/bus.h"
#include "codec/buf.h"

#include <stdbool.h>

enum {
	BUS_MESSAGE_VERSION = 1,
	BUS_INSTANCE_BYTES = 16,
	BUS_MESSAGE_HEAD_BYTES = 1 + BUS_INSTANCE_BYTES,
	BUS_RECORD_HEAD_BYTES = 1 + 4,
	BUS_RECORD_BYTES_MAX = BUS_MESSAGE_BYTES_MAX - BUS_MESSAGE_HEAD_BYTES - BUS_RECORD_HEAD_BYTES,
};

struct bus_message {
	const uint8_t *sender; /* BUS_INSTANCE_BYTES */
	const uint8_t *at, *end;
};

struct bus_record {
	uint8_t kind; /* enum bus_kind, or one of a later version */
	const uint8_t *bytes;
	size_t n;
};

/* Begins a message in an empty buffer. */
void bus_message_begin(struct buf *b, const uint8_t sender[BUS_INSTANCE_BYTES]);
/* n is at most BUS_RECORD_BYTES_MAX. */
void bus_message_add(struct buf *b, enum bus_kind kind, const void *bytes, size_t n);
/* Returns 0; -EPROTO for what is no message, or is too large; -ENOTSUP for another version. The bytes have to live as long as *out is used. */
int bus_message_open(const uint8_t *bytes, size_t n, struct bus_message *out);
/* Returns false at the end. */
bool bus_message_next(struct bus_message *m, struct bus_record *out);

#endif
