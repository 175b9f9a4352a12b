/*
 * The counters of the rooms that are being written to, in the writer's memory: a busy room costs one UPDATE per transaction, however
 * many events it gets. Direct-mapped and bounded; a room that has to make way is written first. Writer thread only.
 *
 * What is here is what the open transaction says, so it is forgotten when one fails.
 */
#ifndef PARLEY_STORE_WORK_ROOM_CACHE_H
#define PARLEY_STORE_WORK_ROOM_CACHE_H

#include "store/sqlite/sqlite_connection.h"

enum { ROOM_CACHE_SLOTS = 4096 };

struct room_counters {
	uint64_t no; /* 0: the slot is empty */
	struct uid id;
	uint64_t last_seq, n_messages, n_members;
	bool changed;
	bool checked; /* the log was found to end where the counters say */
};

struct room_cache {
	struct room_counters slots[ROOM_CACHE_SLOTS];
	uint32_t changed[ROOM_CACHE_SLOTS]; /* slots to write; one may be named in vain */
	size_t n_changed;
};

/* The room's counters, to be changed in place and then announced with room_cache_changed(). *out NULL: no such room.
 * The pointer is good until the next call. Returns SQLite's code. */
int room_cache_get(struct room_cache *cache, struct sqlite_connection *c, uint64_t no, struct room_counters **out);
void room_cache_changed(struct room_cache *cache, struct room_counters *room);
/* Writes what changed; before the commit. */
int room_cache_write(struct room_cache *cache, struct sqlite_connection *c);
void room_cache_forget(struct room_cache *cache);

#endif
