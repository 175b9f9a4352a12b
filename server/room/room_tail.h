/*
 * The newest events of a room as ready-made WebSocket frames, one after the other, in one byte ring, with an index from seq to offset. Events that are not
 * remembered are in it too, without a seq.
 *
 * Offsets are positions in the endless stream of bytes that ever went through the ring; `start` and `head` bound what it still holds. Every byte is there twice, a
 * ring's length apart, so that the bytes between any two offsets are in one piece: a write is never cut at the ring's end. (Before that, one pass in nine wrote
 * twice to each of 1000 readers, in 8.2 ms instead of 5.1.)
 *
 * The ring grows by need, from 4 KiB to --room-tail-bytes: it doubles while readers that keep up would lose their place, and keeps the newest events for resumes.
 * After a minute without news a longer ring is freed. So a quiet room costs kilobytes. A reader remembers its next seq beside its offset. Therefore a reader that
 * fell out of the ring is noticed when it is served, and dropping old frames costs nothing for each reader.
 *
 * Owner: struct room. Loop thread only.
 */
#ifndef PARLEY_ROOM_ROOM_TAIL_H
#define PARLEY_ROOM_ROOM_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct room_tail {
	uint8_t *ring;                /* 2 * cap bytes */
	uint32_t cap;                 /* bytes held at most, a power of two; 0 before the first append */
	uint64_t start, head;         /* offsets of the oldest byte held and of the next to come */
	uint64_t first_seq, next_seq; /* seqs held: first_seq <= seq < next_seq */
	uint64_t *offsets;            /* [seq & (n_offsets - 1)] */
	uint32_t n_offsets;           /* a power of two */
};

enum { ROOM_TAIL_LEAST = 4096 }; /* cap of the shortest ring */

/* An empty tail whose first event will be next_seq. */
void room_tail_init(struct room_tail *t, uint64_t next_seq);
/* Drops all events and frees all memory. Offsets and seqs go on where they were. */
void room_tail_empty(struct room_tail *t);

/* The same, but next_seq comes next; what lies between will never come. No earlier place in the ring is valid afterwards. */
void room_tail_skip(struct room_tail *t, uint64_t next_seq);

/* Whether n more bytes fit without dropping anything from offset `keep` on. */
bool room_tail_fits(const struct room_tail *t, size_t n, uint64_t keep);
/* Grows the ring to at least min_cap bytes. */
void room_tail_grow(struct room_tail *t, uint32_t min_cap);
/* Appends a whole frame and drops the oldest ones where needed; cap is at least the frame's length. seq is next_seq, or 0 for an event that is not remembered. */
void room_tail_append(struct room_tail *t, uint64_t seq, const uint8_t *frame, size_t n);

/* Whether the event with this seq, and all after it, are here (true for next_seq itself: nothing is missing). */
bool room_tail_has(const struct room_tail *t, uint64_t seq);
/* Its offset; `head` for next_seq. Only when room_tail_has(). */
uint64_t room_tail_offset_of(const struct room_tail *t, uint64_t seq);
/* The seq of the first remembered event at or after this offset (start <= offset <= head). */
uint64_t room_tail_seq_at(const struct room_tail *t, uint64_t offset);

/* The bytes to write from this offset on (start <= offset <= head) in one piece: at most max (but always one whole frame), ending at a
 * frame's end. NULL with *n = 0 at the head. */
const uint8_t *room_tail_span(const struct room_tail *t, uint64_t offset, size_t max, size_t *n);

#endif
