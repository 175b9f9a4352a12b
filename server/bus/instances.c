#include "bus/instances.h"

#include "base/memory.h"
#include "base/secret.h"
#include "store/packed.h"

#include <stdlib.h>
#include <string.h>

struct instance {
	uint8_t id[BUS_INSTANCE_BYTES];
	uint64_t heard_ms;
};

void bus_instances_init(struct bus_instances *i)
{
	*i = (struct bus_instances){0};
	struct secret_keyed_hash random;
	secret_keyed_hash_key(&random);
	memcpy(i->own, random.key, sizeof(i->own));
}

void bus_instances_clear(struct bus_instances *i)
{
	struct instance *one;
	for (size_t at = 0; (one = id_map_next(&i->others, &at));)
		free(one);
	id_map_finish(&i->others);
}

void bus_instances_finish(struct bus_instances *i)
{
	bus_instances_clear(i);
}

bool bus_instances_is_own(const struct bus_instances *i, const uint8_t id[BUS_INSTANCE_BYTES])
{
	return !memcmp(i->own, id, BUS_INSTANCE_BYTES);
}

/* Ids come from outside: the map has a hash of them. */
static void key_of(const uint8_t id[BUS_INSTANCE_BYTES], uint8_t key[16])
{
	id_map_key_of(id, BUS_INSTANCE_BYTES, key);
}

static void forget(struct bus_instances *i, const uint8_t id[BUS_INSTANCE_BYTES])
{
	uint8_t key[16];
	key_of(id, key);
	free(id_map_remove(&i->others, key));
}

void bus_instances_heard(struct bus_instances *i, const uint8_t id[BUS_INSTANCE_BYTES], const struct bus_alive *said, uint64_t now_ms)
{
	uint8_t key[16];
	if (said->leaves) {
		forget(i, id);
		return;
	}
	key_of(id, key);
	struct instance *one = id_map_get(&i->others, key);
	if (!one) {
		if (i->others.n_used >= BUS_INSTANCES_MAX)
			return;
		one = mem_new(struct instance);
		memcpy(one->id, id, BUS_INSTANCE_BYTES);
		id_map_put(&i->others, key, one);
	}
	one->heard_ms = now_ms;
}

void bus_instances_renew(struct bus_instances *i, uint64_t now_ms)
{
	struct instance *one;
	for (size_t at = 0; (one = id_map_next(&i->others, &at));)
		one->heard_ms = now_ms;
}

/* The one that is silent for the longest time. The map may not change while it is walked. */
static struct instance *most_silent(const struct bus_instances *i)
{
	struct instance *one, *found = NULL;
	for (size_t at = 0; (one = id_map_next(&i->others, &at));) {
		if (!found || one->heard_ms < found->heard_ms)
			found = one;
	}
	return found;
}

uint64_t bus_instances_expire(struct bus_instances *i, uint64_t now_ms)
{
	struct instance *one;
	while ((one = most_silent(i))) {
		uint8_t id[BUS_INSTANCE_BYTES];
		if (now_ms - one->heard_ms < BUS_LEASE_MS)
			return BUS_LEASE_MS - (now_ms - one->heard_ms);
		memcpy(id, one->id, sizeof(id));
		forget(i, id);
	}
	return UINT64_MAX;
}

size_t bus_instances_count(const struct bus_instances *i)
{
	return i->others.n_used + 1;
}

void bus_alive_pack(const struct bus_alive *a, uint8_t out[BUS_ALIVE_BYTES])
{
	out[0] = a->leaves;
	packed_put_u64(out + 1, a->number);
}

bool bus_alive_unpack(const uint8_t *bytes, size_t n, struct bus_alive *out)
{
	if (n < BUS_ALIVE_BYTES)
		return false;
	*out = (struct bus_alive){.leaves = bytes[0] == 1, .number = packed_u64(bytes + 1)};
	return true;
}
