/* What a Redis, or whatever is at its address, sends: fed in pieces of a size that the input's first byte gives. A message of the bus in it is opened, too. */
#include "bus/message.h"
#include "bus/redis/redis_reply.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void walk(const struct redis_reply *r)
{
	struct bus_message message;
	struct bus_record record;
	assert(r->text[r->kind == REDIS_IS_ARRAY ? 0 : r->n] == '\0');
	for (size_t i = 0; r->kind == REDIS_IS_ARRAY && i < r->n; i++)
		walk(r->elements[i]);
	if (r->kind == REDIS_IS_STRING && bus_message_open((const uint8_t *)r->text, r->n, &message) == 0) {
		while (bus_message_next(&message, &record))
			assert(record.bytes + record.n <= message.end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct redis_reader *reader = redis_reader_new();
	const struct redis_reply *reply;
	size_t piece = n ? (size_t)data[0] + 1 : 1;
	int more = 0;
	for (size_t at = 1; at < n && more >= 0; at += piece) {
		size_t left = n - at;
		if (redis_reader_feed(reader, (const char *)data + at, left < piece ? left : piece) != 0)
			break;
		while ((more = redis_reader_next(reader, &reply)) > 0)
			walk(reply);
	}
	redis_reader_free(reader);
	return 0;
}
