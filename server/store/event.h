/*
 * One committed event, ready to go out: its WebSocket frame (header and JSON), made once by the store's writer.
 * Immutable after it was made. Owned by whoever holds the pointer; room_feed takes it over.
 */
#ifndef PARLEY_STORE_EVENT_H
#define PARLEY_STORE_EVENT_H

#include "codec/event_encode.h"

#include <stddef.h>

struct event {
	struct uid room;
	struct uid id;
	uint64_t seq;
	uint64_t n_messages; /* messages in the room up to and including this event */
	int64_t timestamp_ms;
	enum event_type type;
	uint32_t header_bytes; /* of the frame */
	uint32_t frame_bytes;  /* header and JSON */
	uint8_t frame[];
};

/* A new event around n bytes of JSON. */
struct event *event_new(const void *json, size_t n);
void event_free(struct event *e); /* accepts NULL */

static inline const uint8_t *event_json(const struct event *e, size_t *n)
{
	*n = e->frame_bytes - e->header_bytes;
	return e->frame + e->header_bytes;
}

#endif
