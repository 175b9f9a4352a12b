/* Bytes of a server through the reader of replies and of the Cluster's map: whatever is taken for a map contradicts itself nowhere. */
#include "bus/redis/redis_slots.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct redis_slots slots;

static void check(void)
{
	size_t n_covered = 0, n_used = 0;
	bool is_used[REDIS_SHARDS_MAX] = {false};

	assert(slots.n_shards <= REDIS_SHARDS_MAX);
	for (size_t slot = 0; slot < REDIS_SLOTS; slot++) {
		uint16_t shard = slots.shards[slot];
		if (shard == REDIS_NO_SHARD)
			continue;
		assert(shard < slots.n_shards && slots.masters[shard].host[0] != '\0' && slots.masters[shard].port != 0);
		n_covered++;
		n_used += is_used[shard] ? 0 : 1;
		is_used[shard] = true;
	}
	assert(n_covered == slots.n_covered && n_used == slots.n_shards);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct redis_address asked = {.host = "192.0.2.1", .port = 7000};
	struct redis_reader *reader = redis_reader_new();
	const struct redis_reply *r;

	if (redis_reader_feed(reader, (const char *)data, n) == 0) {
		while (redis_reader_next(reader, &r) > 0) {
			if (redis_slots_parse(r, &asked, &slots) == NULL)
				check();
		}
	}
	redis_reader_free(reader);
	return 0;
}
