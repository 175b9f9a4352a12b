/*
 * The counters of rooms, in the writer's memory: reading and writing them in the database for each event would be half the
 * work of a transaction. The rows are written back once before a commit. Writer thread only.
 *
 * What is here is what the open transaction says, so it is forgotten when one fails. Where nobody else writes it stays after a commit, and the
 * last of two rooms with one place stays. Where others write it is read anew for each transaction, whose rooms all have a place.
 */
#ifndef PARLEY_STORE_WORK_ROOM_CACHE_H
#define PARLEY_STORE_WORK_ROOM_CACHE_H

#include "store/db.h"

enum { ROOM_CACHE_SLOTS = 4096 };

struct room_counters {
	uint64_t no; /* 0: the slot is empty */
	struct uid id;
	uint64_t last_seq, n_messages, n_members;
	uint64_t looked_seq; /* last_seq as it was read */
	bool changed;
	bool checked; /* the log was found to end where the counters say */
};

struct room_cache {
	struct room_counters slots[ROOM_CACHE_SLOTS];
	uint32_t changed[ROOM_CACHE_SLOTS]; /* slots to write; one may be named in vain */
	size_t n_changed;
	bool is_shared; /* others write too; set once */
};

/* The columns of a row that room_cache_read() takes. */
#define ROOM_COUNTERS_COLUMNS "no, id, last_seq, n_messages, n_members"

/* The room's counters, to be changed in place and then announced with room_cache_changed(). NULL: it is not here.
 * The pointer is good until the next room is put here. */
struct room_counters *room_cache_find(struct room_cache *cache, uint64_t no);
/* Puts the room here, in place of another one, which is written. Returns a db_result; *out is zeroed but for its number. */
int room_cache_put(struct room_cache *cache, struct db *db, uint64_t no, struct room_counters **out);
/* The same from a row. DB_DAMAGED: it is none of ours. */
int room_cache_read(struct room_cache *cache, struct db_answer *row, struct room_counters **out);
void room_cache_changed(struct room_cache *cache, struct room_counters *room);
/* Writes what changed; before the commit. */
int room_cache_write(struct room_cache *cache, struct db *db);
void room_cache_forget(struct room_cache *cache);

#endif
