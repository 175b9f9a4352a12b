/*
 * Finds what the load generator needs of a frame at the places where Parley's encoder puts it, without parsing JSON. An event costs a few dozen
 * nanoseconds, so the instrument is cheaper than what it measures. Pure functions.
 *
 * A message of the load carries "STAMP INDEX padding" as its text and "STAMP INDEX" as its request's ref, both in hexadecimal:
 * the time at which it was due (CLOCK_MONOTONIC, nanoseconds) and its number in this run.
 */
#ifndef PARLEY_CLI_BENCH_WIRE_H
#define PARLEY_CLI_BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum { BENCH_MARK_BYTES = 25 }; /* 16 digits, a space, 8 digits */

enum bench_frame {
	BENCH_FRAME_MESSAGE, /* message.created: room, seq, stamp, index */
	BENCH_FRAME_EVENT,   /* another remembered event: room, seq */
	BENCH_FRAME_OK,      /* an acknowledgement: room, seq, stamp, index */
	BENCH_FRAME_ERROR,   /* a refusal */
	BENCH_FRAME_OTHER,   /* a frame that does not count */
};

struct bench_seen {
	const char *room; /* 36 characters in the payload; NULL: none */
	uint64_t seq;
	uint64_t stamp;
	uint32_t index;
	size_t text_from_end; /* in: the place of the text before, 0 when it is not known; out: the place of this one */
};

enum bench_frame bench_wire_read(const char *payload, size_t n, struct bench_seen *out);
/* Writes BENCH_MARK_BYTES characters, no NUL. */
void bench_wire_mark(char *out, uint64_t stamp, uint32_t index);

#endif
