#include "room/stream_cursor.h"

#include <string.h>

/* Reads a seq at *at and moves *at behind it. */
static bool read_seq(const char **at, uint64_t *seq)
{
	const char *digits = *at;
	uint64_t v = 0;
	while (**at >= '0' && **at <= '9' && *at - digits < 16)
		v = v * 10 + (uint64_t)(*(*at)++ - '0');
	*seq = v;
	return *at != digits;
}

int stream_cursor_find(const char *cursors, const struct uid *room, bool is_only, uint64_t *seq)
{
	const char *at = cursors;
	int found = 0;
	if (!at || !*at)
		return 0;
	if (is_only && !strchr(at, ':'))
		return read_seq(&at, seq) && *at == '\0' ? 1 : -1;
	for (;;) {
		struct uid id;
		uint64_t v;
		if (strlen(at) < UID_TEXT_BYTES + 2 || !uid_parse(at, UID_TEXT_BYTES, &id) || at[UID_TEXT_BYTES] != ':')
			return -1;
		at += UID_TEXT_BYTES + 1;
		if (!read_seq(&at, &v))
			return -1;
		if (uid_equal(&id, room)) {
			*seq = v;
			found = 1;
		}
		if (*at == '\0')
			return found;
		if (*at++ != ',')
			return -1;
	}
}
