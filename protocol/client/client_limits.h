/*
 * What a server told in `hello` about the requests it reads at all. A request past these is refused here, with the server's own words:
 * there it would cost the connection (frame_bytes), or an error without a ref, which nobody could match.
 */
#ifndef PARLEY_CLIENT_LIMITS_H
#define PARLEY_CLIENT_LIMITS_H

#include "codec/request_decode.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_limits {
	uint64_t frame_bytes, json_depth; /* bytes, levels; 0: none, or not told yet */
};

/* Reads them from the data of hello. */
void client_limits_take(struct client_limits *limits, const json_t *hello);
/* Whether the server will read this frame; else *fault says why not. */
bool client_limits_allow(const struct client_limits *limits, const char *frame, size_t n, struct request_fault *fault);

#endif
