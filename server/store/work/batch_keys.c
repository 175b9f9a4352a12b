#include "store/work/batch_keys.h"

/* FNV-1a, 64 bits wide. */
static uint64_t hash_of(enum batch_key kind, const void *key, size_t n)
{
	const uint8_t *bytes = key;
	uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)kind;
	hash *= 0x100000001b3u;
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash != 0 ? hash : 1;
}

/* Where it is, or where it would be. */
static size_t slot_of(const struct batch_keys *keys, uint64_t hash)
{
	size_t i = (size_t)(hash ^ hash >> 32) % BATCH_KEYS_SLOTS;
	while (keys->slots[i] != 0 && keys->slots[i] != hash)
		i = (i + 1) % BATCH_KEYS_SLOTS;
	return i;
}

void batch_keys_add(struct batch_keys *keys, enum batch_key kind, const void *key, size_t n)
{
	uint64_t hash = hash_of(kind, key, n);
	size_t i = slot_of(keys, hash);
	if (keys->slots[i] != 0 || keys->n_used == BATCH_KEYS_MAX)
		return;
	keys->slots[i] = hash;
	keys->used[keys->n_used++] = (uint16_t)i;
}

bool batch_keys_has(const struct batch_keys *keys, enum batch_key kind, const void *key, size_t n)
{
	return keys->n_used == BATCH_KEYS_MAX || keys->slots[slot_of(keys, hash_of(kind, key, n))] != 0;
}

void batch_keys_forget(struct batch_keys *keys)
{
	for (size_t i = 0; i < keys->n_used; i++)
		keys->slots[keys->used[i]] = 0;
	keys->n_used = 0;
}
