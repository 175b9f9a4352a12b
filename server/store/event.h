/*
 * One committed event, ready to go out: its WebSocket frame (header and JSON), made once by the store's writer; and beside it the numbers that memory
 * needs and the JSON does not say. The store's writer and a page of the log fill them in the same way, from the row. (How many members a room has is not
 * among them: each member.joined is one more and each member.left one less, and events are applied in order.)
 *
 * Packed, as one instance passes it to another: EVENT_HEAD_BYTES, then the JSON. All numbers are little-endian. An event that is not remembered (typing, a signal) has no
 * seq and no id. The room's number is not in it: it is the channel (bus/bus.h).
 *
 *    0  u8   EVENT_PACKED_VERSION      16  id of the room      56  i64  timestamp_ms
 *    1  u8   type                      32  id of the event     64  u64  n_messages
 *    2  u16  zero                      48  u64  seq            72  u64  author_no
 *    4  u32  bytes of JSON                                     80  u64  target_seq
 *    8  u64  zero
 *
 * Immutable after it was made. Owned by whoever holds the pointer; room_feed takes it over. Any thread.
 */
#ifndef PARLEY_STORE_EVENT_H
#define PARLEY_STORE_EVENT_H

#include "codec/event_encode.h"

#include <stddef.h>

/* A client's numbers hold it, and the two above it mean something else as cursors (room/reader.h). */
#define EVENT_SEQ_MOST ((UINT64_C(1) << 53) - 2)

enum { EVENT_HEAD_BYTES = 88, EVENT_PACKED_VERSION = 1 };

struct event {
	struct uid room;
	struct uid id;
	uint64_t room_no; /* 0: it came from another instance */
	uint64_t seq;
	uint64_t n_messages; /* messages in the room up to and including this event */
	uint64_t author_no;  /* the user who wrote it; of member.*: whom it is about; 0: nobody */
	uint64_t target_seq; /* the event that it is about; 0: none */
	int64_t timestamp_ms;
	enum event_type type;
	uint32_t header_bytes; /* of the frame */
	uint32_t frame_bytes;  /* header and JSON */
	uint8_t frame[];
};

/* A new event around n bytes of JSON. */
struct event *event_new(const void *json, size_t n);
/* The same, with the numbers of `head`. */
struct event *event_of(const struct event *head, const void *json, size_t n);
void event_free(struct event *e); /* accepts NULL */
/* Frees what *e points to, which is NULL then. */
void event_drop(struct event **e);

static inline const uint8_t *event_json(const struct event *e, size_t *n)
{
	*n = e->frame_bytes - e->header_bytes;
	return e->frame + e->header_bytes;
}

/* Appends it packed. */
void event_pack(const struct event *e, struct buf *out);
/* From n bytes that came from outside; NULL when they are not exactly one packed event: its numbers are possible, and its JSON is what event_encode() makes
 * of them around some object. */
struct event *event_unpack(const uint8_t *bytes, size_t n);
/* The same for an event that is not remembered: one that clients send to each other, or one for an account alone (message.ephemeral), whose number is the author's. */
struct event *event_unpack_passing(const uint8_t *bytes, size_t n);

#endif
