/*
 * Which refused origins are logged: each once in ten minutes, so that an operator who looks finds it, and a line in ten seconds at most after the first few, however
 * many origins somebody makes up. What is not logged is counted in the next line. The last 64 origins are remembered. Embedded by the server. Not
 * thread-safe.
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

/* Zeroed: nothing was logged yet. */
struct origin_log {
	struct bucket lines;
	uint64_t n_left_out;
	struct origin_log_entry kept[ORIGIN_LOG_KEPT];
};

/* Whether this one is to be logged now; then *n_left_out tells how many refusals were not since the last line. */
bool origin_log_takes(struct origin_log *log, const char *origin, uint64_t now_ms, uint64_t *n_left_out);

#endif
