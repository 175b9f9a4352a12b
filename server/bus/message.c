#include "bus/message.h"

#include "store/packed.h"

#include <assert.h>
#include <errno.h>

void bus_message_begin(struct buf *b, const uint8_t sender[BUS_INSTANCE_BYTES])
{
	buf_append_byte(b, BUS_MESSAGE_VERSION);
	buf_append(b, sender, BUS_INSTANCE_BYTES);
}

void bus_message_add(struct buf *b, enum bus_kind kind, const void *bytes, size_t n)
{
	uint8_t head[BUS_RECORD_HEAD_BYTES] = {(uint8_t)kind};
	assert(n <= BUS_RECORD_BYTES_MAX);
	packed_put_u32(head + 1, (uint32_t)n);
	buf_append(b, head, sizeof(head));
	buf_append(b, bytes, n);
}

bool bus_message_next(struct bus_message *m, struct bus_record *out)
{
	size_t left = (size_t)(m->end - m->at);
	if (left < BUS_RECORD_HEAD_BYTES || packed_u32(m->at + 1) > left - BUS_RECORD_HEAD_BYTES)
		return false;
	*out = (struct bus_record){.kind = m->at[0], .bytes = m->at + BUS_RECORD_HEAD_BYTES, .n = packed_u32(m->at + 1)};
	m->at = out->bytes + out->n;
	return true;
}

int bus_message_open(const uint8_t *bytes, size_t n, struct bus_message *out)
{
	if (n < BUS_MESSAGE_HEAD_BYTES || n > BUS_MESSAGE_BYTES_MAX)
		return -EPROTO;
	if (bytes[0] != BUS_MESSAGE_VERSION)
		return -ENOTSUP;
	*out = (struct bus_message){.sender = bytes + 1, .at = bytes + BUS_MESSAGE_HEAD_BYTES, .end = bytes + n};
	struct bus_message walked = *out;
	struct bus_record record;
	while (bus_message_next(&walked, &record))
		;
	return walked.at == walked.end ? 0 : -EPROTO;
}
