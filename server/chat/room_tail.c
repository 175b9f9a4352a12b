#include "chat/room_tail.h"

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

void room_tail_finish(struct room_tail *t)
{
	free(t->ring);
	free(t->offsets);
	*t = (struct room_tail){0};
}

static uint8_t *at(const struct room_tail *t, uint64_t offset)
{
	return t->ring + (offset & (t->cap - 1));
}

/* Where a frame of n bytes would begin: the head, or the ring's beginning when the end is too near. */
static uint64_t place_for(const struct room_tail *t, size_t n)
{
	uint64_t left = t->cap - (t->head & (t->cap - 1));
	return n <= left ? t->head : t->head + left;
}

bool room_tail_fits(const struct room_tail *t, size_t n, uint64_t keep)
{
	if (t->cap == 0)
		return false;
	return place_for(t, n) + n - keep <= t->cap;
}

/* Where the ring ends for what begins at this offset. A frame may end exactly there, and then there is no hole. */
static uint64_t edge(const struct room_tail *t, uint64_t offset)
{
	return offset - (offset & (t->cap - 1)) + t->cap;
}

static void copy_piece(struct room_tail *to, const struct room_tail *from, uint64_t begin, uint64_t end)
{
	while (begin < end) {
		uint64_t stop = edge(from, begin) < end ? edge(from, begin) : end;
		memcpy(to->ring + to->head, at(from, begin), stop - begin);
		to->head += stop - begin;
		begin = stop;
	}
}

/* The old offset in the new layout, which has neither hole nor past. */
static uint64_t moved(const struct room_tail *old, uint64_t offset)
{
	bool beyond = old->skip_from != old->skip_to && offset >= old->skip_to;
	return offset - old->start - (beyond ? old->skip_to - old->skip_from : 0);
}

void room_tail_grow(struct room_tail *t, uint32_t min_cap)
{
	uint32_t cap = t->cap ? t->cap : ROOM_TAIL_LEAST;
	while (cap < min_cap)
		cap *= 2;
	struct room_tail old = *t;
	t->cap = cap;
	t->ring = mem_alloc(cap);
	t->start = t->head = t->skip_from = t->skip_to = 0;
	if (old.cap) {
		bool holed = old.skip_from != old.skip_to;
		copy_piece(t, &old, old.start, holed ? old.skip_from : old.head);
		if (holed)
			copy_piece(t, &old, old.skip_to, old.head);
		for (uint64_t seq = t->first_seq; seq < t->next_seq; seq++) {
			uint64_t *o = &t->offsets[seq & (t->n_offsets - 1)];
			*o = moved(&old, *o);
		}
	}
	free(old.ring);
}

/* Lets go of the oldest remembered event and all that rides along before the next. */
static void drop_first(struct room_tail *t)
{
	t->first_seq++;
	t->start = t->first_seq == t->next_seq ? t->head : t->offsets[t->first_seq & (t->n_offsets - 1)];
	if (t->start >= t->skip_to)
		t->skip_from = t->skip_to = t->start;
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
	uint64_t place = place_for(t, n);
	while (place + n - t->start > t->cap) {
		if (t->first_seq < t->next_seq) {
			drop_first(t);
		} else { /* only passing events are left: all of them go */
			t->start = place;
			t->skip_from = t->skip_to = place;
		}
	}
	if (place != t->head && t->start < place) {
		t->skip_from = t->head;
		t->skip_to = place;
	}
	if (t->start == t->head) /* empty: nothing before the hole is held */
		t->start = t->skip_from = t->skip_to = place;
	memcpy(at(t, place), frame, n);
	t->head = place + n;
	if (seq)
		remember_offset(t, seq, place);
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
	/* Passing events only, or one long frame: walk. */
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

const uint8_t *room_tail_span(const struct room_tail *t, uint64_t *offset, size_t max, size_t *n)
{
	if (*offset >= t->skip_from && *offset < t->skip_to)
		*offset = t->skip_to;
	assert(*offset >= t->start && *offset <= t->head);
	uint64_t end = *offset < t->skip_from ? t->skip_from : t->head;
	if (end > *offset && end > edge(t, *offset))
		end = edge(t, *offset);
	if (end - *offset > max)
		end = cut(t, *offset, end, max);
	*n = end - *offset;
	return *n ? at(t, *offset) : NULL;
}
