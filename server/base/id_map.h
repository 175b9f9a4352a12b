/*
 * A hash map from 16 random-looking bytes (an id, or a keyed hash of something else) to a pointer. Open addressing, grows and shrinks.
 * Keys chosen by a client must be hashed first (id_map_key_of). Not thread-safe.
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
void *id_map_get(const struct id_map *m, const uint8_t key[16]);
/* Replaces. value is not NULL. */
void id_map_put(struct id_map *m, const uint8_t key[16], void *value);
/* Returns what was there, or NULL. */
void *id_map_remove(struct id_map *m, const uint8_t key[16]);
/* Walks: *at starts at 0; NULL at the end. The map must not change meanwhile. */
void *id_map_next(const struct id_map *m, size_t *at);
/* 16 bytes of a keyed hash (the key is random per process) of n bytes. */
void id_map_key_of(const void *bytes, size_t n, uint8_t out[16]);

#endif
