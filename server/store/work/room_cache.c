#include "store/work/room_cache.h"

#include <string.h>

static int write_room(struct room_counters *room, struct sqlite_connection *c)
{
	if (!room->changed)
		return SQLITE_OK;
	auto_reset sqlite3_stmt *st = sqlite_statement(c, ST_ROOM_COUNTERS_SET);
	sqlite_statement_bind_u64(st, 1, room->no);
	sqlite_statement_bind_u64(st, 2, room->last_seq);
	sqlite_statement_bind_u64(st, 3, room->n_messages);
	sqlite_statement_bind_u64(st, 4, room->n_members);
	int rc = sqlite_statement_run(st);
	if (rc == SQLITE_OK)
		room->changed = false;
	return rc;
}

int room_cache_get(struct room_cache *cache, struct sqlite_connection *c, uint64_t no, struct room_counters **out)
{
	struct room_counters *room = &cache->slots[no % ROOM_CACHE_SLOTS];
	*out = room;
	if (room->no == no && no != 0)
		return SQLITE_OK;
	*out = NULL;
	auto_reset sqlite3_stmt *st = sqlite_statement(c, ST_ROOM_COUNTERS);
	sqlite_statement_bind_u64(st, 1, no);
	int rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? SQLITE_OK : rc;
	int written = write_room(room, c);
	if (written != SQLITE_OK)
		return written;
	*room = (struct room_counters){.no = no};
	if (!sqlite_statement_uid(st, 0, &room->id))
		return SQLITE_CORRUPT;
	room->last_seq = sqlite_statement_u64(st, 1);
	room->n_messages = sqlite_statement_u64(st, 2);
	room->n_members = sqlite_statement_u64(st, 3);
	*out = room;
	return SQLITE_OK;
}

void room_cache_changed(struct room_cache *cache, struct room_counters *room)
{
	if (room->changed)
		return;
	room->changed = true;
	/* A slot whose room made way is named twice when its next room changes too: then the list may be full before the slots are. */
	if (cache->n_changed < ROOM_CACHE_SLOTS)
		cache->changed[cache->n_changed] = (uint32_t)(room - cache->slots);
	cache->n_changed++;
}

int room_cache_write(struct room_cache *cache, struct sqlite_connection *c)
{
	int rc = SQLITE_OK;
	bool listed = cache->n_changed <= ROOM_CACHE_SLOTS;
	size_t n = listed ? cache->n_changed : ROOM_CACHE_SLOTS;
	for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
		rc = write_room(&cache->slots[listed ? cache->changed[i] : i], c);
	cache->n_changed = 0;
	return rc;
}

void room_cache_forget(struct room_cache *cache)
{
	memset(cache, 0, sizeof *cache);
}
