/*
 * Decides which refused origins are logged. Each origin is logged once in ten minutes, so that an operator finds it. After the first few lines there is
 * at most one line in ten seconds, because a client can make up any number of origins. The next line counts what was not logged. The last 64
 * origins are remembered. Embedded by the server. Not thread-safe.
 */
#ifndef PARLEY_NET_HTTP_ORIGIN_LOG_H
#define PARLEY_NET_HTTP_ORIGIN_LOG_H

#include "base/bucket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ORIGIN_LOG_KEPT = 64, ORIGIN_LOG_AGAIN_MS = 600000, ORIGIN_LOG_LINE_MS = 10000, ORIGIN_LOG_BURST = 8 };

struct origin_log_entry {
	uint8_t key[16]; /* a keyed hash of the origin */
	uint64_t logged_ms;
	bool is_used;
};

/* A zeroed one has logged nothing yet. */
struct origin_log {
	struct bucket lines;
	uint64_t n_left_out;
	struct origin_log_entry kept[ORIGIN_LOG_KEPT];
};

/* Returns whether to log this origin now. If so, *n_left_out is the number of refusals since the last line that were not logged. */
bool origin_log_takes(struct origin_log *log, const char *origin, uint64_t now_ms, uint64_t *n_left_out);

#endif
