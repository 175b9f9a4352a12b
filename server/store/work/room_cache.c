#include "store/work/room_cache.h"

#include <string.h>

static const struct db_statement counters_set = {
	.sql = "UPDATE room SET last_seq = $2, n_messages = $3, n_members = $4 WHERE no = $1",
	.postgres_rows = "UPDATE room r SET last_seq = v.last_seq, n_messages = v.n_messages, n_members = v.n_members"
			 " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS v (no, last_seq, n_messages, n_members)"
			 " WHERE r.no = v.no",
	.parameters = "nnnn"};

static int write_room(struct room_counters *room, struct db *db)
{
	if (!room->changed)
		return DB_OK;
	int rc = db_send(db, &counters_set, db_number(room->no), db_number(room->last_seq), db_number(room->n_messages),
			 db_number(room->n_members));
	if (rc == DB_OK)
		room->changed = false;
	return rc;
}

/* Where it is, or where it would be. */
static struct room_counters *slot_of(struct room_cache *cache, uint64_t no)
{
	uint64_t i = no % ROOM_CACHE_SLOTS;
	while (cache->is_shared && cache->slots[i].no != 0 && cache->slots[i].no != no)
		i = (i + 1) % ROOM_CACHE_SLOTS;
	return &cache->slots[i];
}

struct room_counters *room_cache_find(struct room_cache *cache, uint64_t no)
{
	struct room_counters *room = slot_of(cache, no);
	return room->no == no && no != 0 ? room : NULL;
}

int room_cache_put(struct room_cache *cache, struct db *db, uint64_t no, struct room_counters **out)
{
	*out = slot_of(cache, no);
	int rc = write_room(*out, db);
	if (rc == DB_OK)
		**out = (struct room_counters){.no = no};
	return rc;
}

int room_cache_read(struct room_cache *cache, struct db_answer *row, struct room_counters **out)
{
	int rc = room_cache_put(cache, row->db, db_column_number(row, 0), out);
	if (rc != DB_OK)
		return rc;
	struct room_counters *room = *out;
	if (!db_column_uid(row, 1, &room->id))
		return DB_DAMAGED;
	room->last_seq = room->looked_seq = db_column_number(row, 2);
	room->n_messages = db_column_number(row, 3);
	room->n_members = db_column_number(row, 4);
	return DB_OK;
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

int room_cache_write(struct room_cache *cache, struct db *db)
{
	int rc = DB_OK;
	bool listed = cache->n_changed <= ROOM_CACHE_SLOTS;
	size_t n = listed ? cache->n_changed : ROOM_CACHE_SLOTS;
	for (size_t i = 0; i < n && rc == DB_OK; i++)
		rc = write_room(&cache->slots[listed ? cache->changed[i] : i], db);
	cache->n_changed = 0;
	return rc;
}

void room_cache_forget(struct room_cache *cache)
{
	memset(cache->slots, 0, sizeof cache->slots);
	cache->n_changed = 0;
}
