#include "room/room_tail.h"

#include "base/memory.h"
#include "codec/ws_frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_OFFSETS = 16 };

void room_tail_init(struct room_tail *t, uint64_t next_seq)
{
	*t = (struct room_tail){.first_seq = next_seq, .next_seq = next_seq};
}

void room_tail_empty(struct room_tail *t)
{
	free(t->ring);
	free(t->offsets);
	*t = (struct room_tail){.start = t->head, .head = t->head, .first_seq = t->next_seq, .next_seq = t->next_seq};
}

void room_tail_skip(struct room_tail *t, uint64_t next_seq)
{
	t->head++; /* the place of a reader that has everything is now behind too */
	t->next_seq = next_seq;
	room_tail_empty(t);
}

static uint8_t *at(const struct room_tail *t, uint64_t offset)
{
	return t->ring + (offset & (t->cap - 1));
}

bool room_tail_fits(const struct room_tail *t, size_t n, uint64_t keep)
{
	return t->head + n - keep <= t->cap;
}

/* Copies into both halves: from its place on, across the end of the first half if needed, and the same bytes one ring's length apart. */
static void put(struct room_tail *t, uint64_t offset, const uint8_t *bytes, size_t n)
{
	uint8_t *place = at(t, offset);
	size_t to_seam = (size_t)(t->ring + t->cap - place);
	size_t before = n < to_seam ? n : to_seam;
	memcpy(place, bytes, n);
	memcpy(place + t->cap, bytes, before);
	memcpy(t->ring, bytes + before, n - before);
}

void room_tail_grow(struct room_tail *t, uint32_t min_cap)
{
	uint32_t cap = t->cap ? t->cap : ROOM_TAIL_LEAST;
	while (cap < min_cap)
		cap *= 2;
	struct room_tail old = *t;
	t->cap = cap;
	t->ring = mem_alloc((size_t)cap * 2);
	if (old.cap)
		put(t, t->start, at(&old, t->start), t->head - t->start);
	free(old.ring);
}

/* Drops the oldest remembered event and all events without a seq before the next. */
static void drop_first(struct room_tail *t)
{
	t->first_seq++;
	t->start = t->first_seq == t->next_seq ? t->head : t->offsets[t->first_seq & (t->n_offsets - 1)];
}

static void remember_offset(struct room_tail *t, uint64_t seq, uint64_t offset)
{
	assert(seq == t->next_seq);
	uint64_t held = t->next_seq - t->first_seq;
	if (held == t->n_offsets) {
		uint32_t n = t->n_offsets ? t->n_offsets * 2 : MIN_OFFSETS;
		uint64_t *offsets = mem_alloc(n * sizeof(*offsets));
		for (uint64_t s = t->first_seq; s < t->next_seq; s++)
			offsets[s & (n - 1)] = t->offsets[s & (t->n_offsets - 1)];
		free(t->offsets);
		t->offsets = offsets;
		t->n_offsets = n;
	}
	t->offsets[seq & (t->n_offsets - 1)] = offset;
	t->next_seq++;
}

void room_tail_append(struct room_tail *t, uint64_t seq, const uint8_t *frame, size_t n)
{
	assert(n <= t->cap);
	while (!room_tail_fits(t, n, t->start)) {
		if (t->first_seq < t->next_seq)
			drop_first(t);
		else
			t->start = t->head; /* only events without a seq are left: all of them go */
	}
	put(t, t->head, frame, n);
	if (seq)
		remember_offset(t, seq, t->head);
	t->head += n;
}

bool room_tail_has(const struct room_tail *t, uint64_t seq)
{
	return seq >= t->first_seq && seq <= t->next_seq;
}

uint64_t room_tail_offset_of(const struct room_tail *t, uint64_t seq)
{
	assert(room_tail_has(t, seq));
	return seq == t->next_seq ? t->head : t->offsets[seq & (t->n_offsets - 1)];
}

uint64_t room_tail_seq_at(const struct room_tail *t, uint64_t offset)
{
	uint64_t low = t->first_seq, high = t->next_seq;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (t->offsets[middle & (t->n_offsets - 1)] < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The end of the last frame that ends within max bytes of `offset`, or of the first frame if that is longer. */
static uint64_t cut(const struct room_tail *t, uint64_t offset, uint64_t end, size_t max)
{
	uint64_t seq = room_tail_seq_at(t, offset + max + 1); /* the first that begins past the limit */
	uint64_t cut_at = seq > t->first_seq ? t->offsets[(seq - 1) & (t->n_offsets - 1)] : offset;
	if (cut_at > offset && cut_at <= end)
		return cut_at;
	/* Only events without a seq, or one long frame: walk. */
	for (cut_at = offset; cut_at < end;) {
		struct ws_frame f;
		int whole = ws_frame_read_header(at(t, cut_at), end - cut_at, &f);
		assert(whole == 1);
		uint64_t next = cut_at + f.header_bytes + f.payload_bytes;
		if (next - offset > max && cut_at > offset)
			break;
		cut_at = next;
	}
	return cut_at;
}

const uint8_t *room_tail_span(const struct room_tail *t, uint64_t offset, size_t max, size_t *n)
{
	assert(offset >= t->start && offset <= t->head);
	uint64_t end = t->head;
	if (end - offset > max)
		end = cut(t, offset, end, max);
	*n = end - offset;
	return *n ? at(t, offset) : NULL;
}
