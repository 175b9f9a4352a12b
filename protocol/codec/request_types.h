/*
 * What the members of a request are decoded to. The structures of all commands (codec/commands.h, made from protocol/schema/) are built of these.
 * The strings point into the request's JSON and live as long.
 */
#ifndef PARLEY_CODEC_REQUEST_TYPES_H
#define PARLEY_CODEC_REQUEST_TYPES_H

#include "uid.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text { /* UTF-8, not NUL-terminated by contract, without NULs; s is NULL when the member was absent */
	const char *s;
	size_t n;
};

struct room_ref { /* an id or a name (a room's, somebody's), as given */
	bool given;
	bool is_id;
	struct uid id;    /* when is_id */
	struct text name; /* when not */
};

struct cursor {
	struct uid room;
	uint64_t seq;
};

#endif
