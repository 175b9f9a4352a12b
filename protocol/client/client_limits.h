/*
 * The limits of requests that a server tells in `hello`. A request beyond them is refused here, in the server's own words. The server would close the
 * connection for it (frame_bytes), or answer with an error without a ref, which no request matches.
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

/* Reads the limits from the data of hello. */
void client_limits_take(struct client_limits *limits, const json_t *hello);
/* Returns whether the server reads this frame. If not, *fault tells why. */
bool client_limits_allow(const struct client_limits *limits, const char *frame, size_t n, struct request_fault *fault);

#endif
