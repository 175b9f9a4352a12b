#include "net/http/origin_log.h"

#include "base/id_map.h"

#include <string.h>

/* Returns the entry of this origin. Without one, returns a free entry, or else the one that was logged first. */
static struct origin_log_entry *place_of(struct origin_log *log, const uint8_t key[16])
{
	struct origin_log_entry *oldest = &log->kept[0];

	for (size_t i = 0; i < ORIGIN_LOG_KEPT; i++) {
		struct origin_log_entry *entry = &log->kept[i];
		if (!entry->is_used || memcmp(entry->key, key, 16) == 0)
			return entry; /* entries fill from the front */
		if (entry->logged_ms < oldest->logged_ms)
			oldest = entry;
	}
	return oldest;
}

bool origin_log_takes(struct origin_log *log, const char *origin, uint64_t now_ms, uint64_t *n_left_out)
{
	uint8_t key[16];

	id_map_key_of(origin, strlen(origin), key);
	struct origin_log_entry *entry = place_of(log, key);
	bool is_known = entry->is_used && memcmp(entry->key, key, 16) == 0;
	if ((is_known && now_ms - entry->logged_ms < ORIGIN_LOG_AGAIN_MS) ||
	    bucket_take(&log->lines, 1, ORIGIN_LOG_LINE_MS, ORIGIN_LOG_BURST, now_ms) > 0) {
		log->n_left_out++;
		return false;
	}
	*entry = (struct origin_log_entry){.is_used = true, .logged_ms = now_ms};
	memcpy(entry->key, key, 16);
	*n_left_out = log->n_left_out;
	log->n_left_out = 0;
	return true;
}
