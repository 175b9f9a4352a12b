/* Last-Event-ID. A refused value has no cursor, and an accepted value has the same cursor with one more entry in front. */
#include "room/stream_cursor.h"

#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* 16 bytes for a room's id, then the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct uid room, other;
	uint64_t seq = 77, again = 77;
	char id[UID_TEXT_BYTES + 1], entry[UID_TEXT_BYTES + 24];

	if (n < sizeof room.b)
		return 0;
	memcpy(room.b, data, sizeof room.b);
	memcpy(other.b, data, sizeof other.b);
	other.b[0] ^= 1;
	auto_free char *text = mem_strndup((const char *)data + sizeof room.b, n - sizeof room.b);
	int found = stream_cursor_find(text, &room, false, &seq);
	assert(found >= -1 && found <= 1 && (found != 1 || seq < 10000000000000000));
	assert(stream_cursor_find(text, &room, true, &again) >= found);
	uid_format(&room, id);
	(void)snprintf(entry, sizeof entry, "%s:%llu", id, (unsigned long long)seq % 1000);
	assert(stream_cursor_find(entry, &room, false, &again) == 1 && again == seq % 1000);
	assert(stream_cursor_find(entry, &other, false, &again) == 0);
	size_t all_bytes = strlen(entry) + strlen(text) + 2;
	auto_free char *all = mem_alloc(all_bytes);
	(void)snprintf(all, all_bytes, "%s%s%s", entry, text[0] != '\0' ? "," : "", text);
	int among = stream_cursor_find(all, &room, false, &again);
	assert(text[0] == '\0' || (found == -1) == (among == -1));
	if (found == 1)
		assert(among == 1 && again == seq); /* the last one counts */
	return 0;
}
