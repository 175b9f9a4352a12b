#include "store/event.h"

#include "base/memory.h"
#include "codec/event_check.h"
#include "codec/ws_frame.h"
#include "store/packed.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct event *event_of(const struct event *head, const void *json, size_t n)
{
	assert(n <= UINT32_MAX - WS_FRAME_HEADER_MAX);
	uint8_t header[WS_FRAME_HEADER_MAX];
	size_t header_bytes = ws_frame_text_header(header, n);
	struct event *e = mem_alloc(sizeof *e + header_bytes + n);
	*e = *head;
	e->header_bytes = (uint32_t)header_bytes;
	e->frame_bytes = (uint32_t)(header_bytes + n);
	memcpy(e->frame, header, header_bytes);
	memcpy(e->frame + header_bytes, json, n);
	return e;
}

struct event *event_new(const void *json, size_t n)
{
	return event_of(&(struct event){0}, json, n);
}

void event_free(struct event *e)
{
	free(e);
}

void event_drop(struct event **e)
{
	event_free(*e);
	*e = NULL;
}

/* Where each is in the head. */
enum { AT_VERSION, AT_TYPE, AT_ZERO, AT_JSON_BYTES = 4, AT_ZEROES = 8, AT_ROOM = 16, AT_ID = 32, AT_NUMBERS = 48 };
static const int64_t timestamp_end_ms = INT64_C(253402300800000); /* the year 10000, which the JSON cannot say */

void event_pack(const struct event *e, struct buf *out)
{
	uint8_t head[EVENT_HEAD_BYTES] = {[AT_VERSION] = EVENT_PACKED_VERSION, [AT_TYPE] = (uint8_t)e->type};
	size_t n;
	const uint8_t *json = event_json(e, &n);
	packed_put_u32(head + AT_JSON_BYTES, (uint32_t)n);
	memcpy(head + AT_ROOM, e->room.b, sizeof(e->room.b));
	memcpy(head + AT_ID, e->id.b, sizeof(e->id.b));
	const uint64_t numbers[] = {e->seq, (uint64_t)e->timestamp_ms, e->n_messages, e->author_no, e->target_seq};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		packed_put_u64(head + AT_NUMBERS + 8 * i, numbers[i]);
	buf_append(out, head, sizeof(head));
	buf_append(out, json, n);
}

static bool is_remembered(const struct event *e)
{
	return e->type < EVENT_TYPING && event_type_name(e->type) && e->seq > 0 && e->seq <= EVENT_SEQ_MOST && e->n_messages <= e->seq &&
	       e->target_seq < e->seq;
}

static bool is_passing(const struct event *e)
{
	static const struct uid none;
	bool is_type = e->type == EVENT_TYPING || e->type == EVENT_SIGNAL || e->type == EVENT_MESSAGE_EPHEMERAL;
	return is_type && e->seq == 0 && e->n_messages == 0 && e->target_seq == 0 && memcmp(&e->id, &none, sizeof(none)) == 0;
}

static struct event *unpack(const uint8_t *bytes, size_t n, bool (*is_possible)(const struct event *e))
{
	if (n < EVENT_HEAD_BYTES || bytes[AT_VERSION] != EVENT_PACKED_VERSION || bytes[AT_ZERO] || bytes[AT_ZERO + 1] ||
	    packed_u64(bytes + AT_ZEROES) != 0 || packed_u32(bytes + AT_JSON_BYTES) != n - EVENT_HEAD_BYTES)
		return NULL;
	const uint8_t *numbers = bytes + AT_NUMBERS, *json = bytes + EVENT_HEAD_BYTES;
	size_t n_json = n - EVENT_HEAD_BYTES;
	struct event head = {
		.seq = packed_u64(numbers),
		.timestamp_ms = (int64_t)packed_u64(numbers + 8),
		.n_messages = packed_u64(numbers + 16),
		.author_no = packed_u64(numbers + 24),
		.target_seq = packed_u64(numbers + 32),
		.type = (enum event_type)bytes[AT_TYPE],
	};
	memcpy(head.room.b, bytes + AT_ROOM, sizeof(head.room.b));
	memcpy(head.id.b, bytes + AT_ID, sizeof(head.id.b));
	bool is_in_time = head.timestamp_ms >= 0 && head.timestamp_ms < timestamp_end_ms;
	if (n_json > UINT32_MAX - WS_FRAME_HEADER_MAX || !is_in_time || !is_possible(&head) ||
	    !event_check(json, n_json, head.type, head.seq ? &head.id : NULL, head.timestamp_ms, &head.room, head.seq))
		return NULL;
	return event_of(&head, json, n_json);
}

struct event *event_unpack(const uint8_t *bytes, size_t n)
{
	return unpack(bytes, n, is_remembered);
}

struct event *event_unpack_passing(const uint8_t *bytes, size_t n)
{
	return unpack(bytes, n, is_passing);
}
