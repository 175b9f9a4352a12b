/*
 * A hash map from 16 random-looking bytes (an id, or a keyed hash of something else) to a pointer. It grows and shrinks.
 * A key that a client chooses must be hashed first (id_map_key_of). Not thread-safe.
 */
#ifndef PARLEY_BASE_ID_MAP_H
#define PARLEY_BASE_ID_MAP_H

#include <stddef.h>
#include <stdint.h>

struct id_map {
	struct id_map_slot *slots;
	size_t n_used, n_slots;
};

void id_map_finish(struct id_map *m);
/* Empties it. Memory that it used well is kept for what comes next. */
void id_map_clear(struct id_map *m);
void *id_map_get(const struct id_map *m, const uint8_t key[16]);
/* Adds the value, or replaces the one that the key has. `value` is not NULL. */
void id_map_put(struct id_map *m, const uint8_t key[16], void *value);
/* Removes the key. Returns its value, or NULL when the map does not hold it. */
void *id_map_remove(struct id_map *m, const uint8_t key[16]);
/* Walks over the values. *at starts at 0. Returns NULL at the end. The map must not change during the walk. */
void *id_map_next(const struct id_map *m, size_t *at);
/* Writes a keyed hash of n bytes. The key of the hash is random and belongs to the process. */
void id_map_key_of(const void *bytes, size_t n, uint8_t out[16]);
/* The same for a number of the store's, which no client chooses. */
void id_map_key_of_no(uint64_t no, uint8_t out[16]);

#endif
