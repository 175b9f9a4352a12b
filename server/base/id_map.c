/* Linear probing. A removal moves the entries behind it back, so there are no tombstones. The table is at most 3/4 full and shrinks below 1/8. */
#include "base/id_map.h"

#include "base/memory.h"
#include "base/secret.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct id_map_slot {
	uint8_t key[16];
	void *value; /* NULL: free */
};

enum { SLOTS_MIN = 8 };

/* The key is random, so its first bytes serve as the hash. */
static size_t home_of(const uint8_t key[16], size_t n_slots)
{
	uint64_t hash;
	memcpy(&hash, key, sizeof(hash));
	return (size_t)hash & (n_slots - 1);
}

/* Returns the slot that holds the key, or the free slot where it belongs. */
static size_t find(const struct id_map *m, const uint8_t key[16])
{
	size_t at = home_of(key, m->n_slots);
	while (m->slots[at].value && memcmp(m->slots[at].key, key, 16))
		at = (at + 1) & (m->n_slots - 1);
	return at;
}

static void resize(struct id_map *m, size_t n_slots)
{
	struct id_map grown = {.slots = mem_zalloc(n_slots * sizeof(*grown.slots)), .n_used = m->n_used, .n_slots = n_slots};
	for (size_t i = 0; i < m->n_slots; i++) {
		if (m->slots[i].value)
			grown.slots[find(&grown, m->slots[i].key)] = m->slots[i];
	}
	free(m->slots);
	*m = grown;
}

void id_map_finish(struct id_map *m)
{
	free(m->slots);
	*m = (struct id_map){0};
}

void id_map_clear(struct id_map *m)
{
	if (m->n_used * 8 < m->n_slots && m->n_slots > SLOTS_MIN) {
		id_map_finish(m);
		return;
	}
	if (m->n_used)
		memset(m->slots, 0, m->n_slots * sizeof(*m->slots));
	m->n_used = 0;
}

void *id_map_get(const struct id_map *m, const uint8_t key[16])
{
	return m->n_slots ? m->slots[find(m, key)].value : NULL;
}

void id_map_put(struct id_map *m, const uint8_t key[16], void *value)
{
	assert(value);
	if ((m->n_used + 1) * 4 > m->n_slots * 3)
		resize(m, m->n_slots ? m->n_slots * 2 : SLOTS_MIN);
	struct id_map_slot *slot = &m->slots[find(m, key)];
	if (!slot->value) {
		memcpy(slot->key, key, 16);
		m->n_used++;
	}
	slot->value = value;
}

/* Moves back each entry behind the hole that a search from its home would no longer reach. */
static void close_hole(struct id_map *m, size_t hole)
{
	size_t mask = m->n_slots - 1;
	for (size_t at = (hole + 1) & mask; m->slots[at].value; at = (at + 1) & mask) {
		size_t home = home_of(m->slots[at].key, m->n_slots);
		if (((at - home) & mask) >= ((at - hole) & mask)) {
			m->slots[hole] = m->slots[at];
			hole = at;
		}
	}
	m->slots[hole].value = NULL;
}

void *id_map_remove(struct id_map *m, const uint8_t key[16])
{
	if (!m->n_slots)
		return NULL;
	size_t at = find(m, key);
	void *value = m->slots[at].value;
	if (!value)
		return NULL;
	close_hole(m, at);
	m->n_used--;
	if (m->n_slots > SLOTS_MIN && m->n_used * 8 < m->n_slots)
		resize(m, m->n_slots / 2);
	return value;
}

void *id_map_next(const struct id_map *m, size_t *at)
{
	while (*at < m->n_slots) {
		void *value = m->slots[(*at)++].value;
		if (value)
			return value;
	}
	return NULL;
}

/* Spreads the numbers, which are dense: the map may then take the first bytes for a hash (the finalizer of splitmix64). */
void id_map_key_of_no(uint64_t no, uint8_t out[16])
{
	uint64_t mixed = no;
	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	mixed ^= mixed >> 31;
	memcpy(out, &mixed, sizeof(mixed));
	memcpy(out + sizeof(mixed), &no, sizeof(no));
}

/* The process has one key, which is made once and never changes: a name hashes to the same bytes in every map. */
static struct secret_keyed_hash process_key;
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

static void make_process_key(void)
{
	secret_keyed_hash_key(&process_key);
}

void id_map_key_of(const void *bytes, size_t n, uint8_t out[16])
{
	pthread_once(&process_key_once, make_process_key);
	secret_keyed_hash(&process_key, bytes, n, out);
}
