/*
 * Counts every delivery, checks it against the one before in its room, and times all of them or an even sample.
 */
#include "cli/bench.h"

#include "cli/bench_wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ARRIVALS = 1 << 16 };

/* Hashes the last eight characters of a UUID, which are random. */
static uint32_t room_hash(const char *id)
{
	uint64_t key;

	memcpy(&key, id + 28, sizeof key);
	return (uint32_t)((key * 0x9E3779B97F4A7C15ull) >> 32);
}

bool bench_take_init(struct bench *b)
{
	uint32_t size = 16;

	while (size < 4 * b->n_rooms)
		size *= 2;
	b->room_table_mask = size - 1;
	b->room_table = calloc(size, sizeof *b->room_table);
	assert(b->room_table != NULL);
	for (uint32_t r = 0; r < b->n_rooms; r++) {
		uint32_t at = room_hash(b->rooms[r].id) & b->room_table_mask;
		while (b->room_table[at] != 0)
			at = (at + 1) & b->room_table_mask;
		b->room_table[at] = r + 1;
	}
	if (b->n_servers > 1) {
		b->arrivals = calloc(ARRIVALS, sizeof *b->arrivals);
		assert(b->arrivals != NULL);
	}
	if (b->options.verify) {
		b->acked_bits = calloc(1, BENCH_BITS / 8);
		b->seen_bits = calloc(1, BENCH_BITS / 8);
		assert(b->acked_bits != NULL && b->seen_bits != NULL);
	}
	return true;
}

/* Returns the number of a room, or n_rooms when it is none of the load's. */
static uint32_t find_room(const struct bench *b, const char *id)
{
	uint32_t at = room_hash(id) & b->room_table_mask;

	for (; b->room_table[at] != 0; at = (at + 1) & b->room_table_mask)
		if (memcmp(b->rooms[b->room_table[at] - 1].id, id, 36) == 0)
			return b->room_table[at] - 1;
	return b->n_rooms;
}

/* Sets a bit. Returns false when it was set before. */
static bool set_bit(uint8_t *bits, uint32_t index)
{
	uint8_t bit = (uint8_t)(1u << (index & 7));
	uint8_t *at = &bits[(index % BENCH_BITS) >> 3];
	bool fresh = (*at & bit) == 0;

	*at |= bit;
	return fresh;
}

static void take_acknowledgement(struct bench *b, struct bench_conn *c, const struct bench_seen *seen, uint64_t came_at)
{
	uint32_t r = find_room(b, seen->room);

	b->acked++;
	c->owed++;
	if (r == b->n_rooms) {
		b->unknown++;
		return;
	}
	b->rooms[r].acked++;
	if (seen->seq > b->rooms[r].acked_top)
		b->rooms[r].acked_top = seen->seq;
	if (b->acked_bits != NULL)
		(void)set_bit(b->acked_bits, seen->index);
	if (came_at >= b->counts_from && came_at < b->counts_to)
		b->window_acked++;
	if (seen->stamp >= b->counts_from && seen->stamp < b->counts_to)
		bench_histogram_add(&b->ack, came_at > seen->stamp ? came_at - seen->stamp : 0);
}

/* Checks that the event with seq n+1 comes right after the one with seq n. */
static void check_order(struct bench *b, uint64_t *cursor, uint64_t seq)
{
	if (seq == *cursor + 1) {
		*cursor = seq;
	} else if (seq <= *cursor) {
		b->repeats++;
	} else {
		b->gaps += seq - *cursor - 1;
		*cursor = seq;
	}
}

static void take_delivery(struct bench *b, const struct bench_seen *seen, uint64_t came_at)
{
	b->delivered++;
	if (seen->stamp >= b->counts_from && seen->stamp < b->counts_to && b->delivered % b->sample_every == 0)
		bench_histogram_add(&b->delivery, came_at > seen->stamp ? came_at - seen->stamp : 0);
}

static void count_hops(struct bench *b, const struct bench_arrivals *a)
{
	uint64_t from = a->at[bench_server_of(b, (uint32_t)(a->index % b->options.publishers))];

	for (uint32_t s = 0; a->counts && from != 0 && s < b->n_servers; s++)
		if (a->at[s] != 0 && a->at[s] != from)
			bench_histogram_add(&b->hop, a->at[s] > from ? a->at[s] - from : 0);
}

/* Readers are not read in the order in which the message arrived at them, so a message is counted when its place is needed for another one. */
static void note_arrival(struct bench *b, const struct bench_conn *c, const struct bench_seen *seen, uint64_t came_at)
{
	struct bench_arrivals *a = &b->arrivals[seen->index % ARRIVALS];
	uint64_t *at = &a->at[bench_server_of(b, c->number)];

	if (a->index != seen->index) {
		count_hops(b, a);
		*a = (struct bench_arrivals){.index = seen->index};
	}
	a->counts = seen->stamp >= b->counts_from && seen->stamp < b->counts_to;
	if (*at == 0 || came_at < *at)
		*at = came_at;
}

void bench_take_finish(struct bench *b)
{
	for (uint32_t i = 0; b->arrivals != NULL && i < ARRIVALS; i++)
		count_hops(b, &b->arrivals[i]);
}

static void take_event(struct bench *b, struct bench_conn *c, const struct bench_seen *seen, bool message, uint64_t came_at)
{
	uint32_t r = find_room(b, seen->room);
	uint64_t first = bench_room_of(b, c, 0), slot = r >= first ? r - first : r + b->n_rooms - first;

	if (r == b->n_rooms || slot >= b->options.rooms_per_reader) {
		b->unknown++;
		return;
	}
	check_order(b, &c->cursors[slot], seen->seq);
	if (!message)
		return;
	b->rooms[r].delivered++;
	if (b->seen_bits != NULL && b->rooms[r].witness == c->number && !set_bit(b->seen_bits, seen->index))
		b->repeats++;
	take_delivery(b, seen, came_at);
	if (b->arrivals != NULL)
		note_arrival(b, c, seen, came_at);
}

void bench_take_frame(struct bench *b, struct bench_conn *c, const char *payload, size_t n, uint64_t came_at)
{
	struct bench_seen seen = {.text_from_end = b->text_from_end};
	enum bench_frame kind = bench_wire_read(payload, n, &seen);

	b->text_from_end = seen.text_from_end;
	b->delivered_bytes += n;
	switch (kind) {
	case BENCH_FRAME_MESSAGE:
		if (b->parley)
			take_event(b, c, &seen, true, came_at);
		else
			take_delivery(b, &seen, came_at);
		return;
	case BENCH_FRAME_EVENT:
		take_event(b, c, &seen, false, came_at);
		return;
	case BENCH_FRAME_OK:
		take_acknowledgement(b, c, &seen, came_at);
		return;
	case BENCH_FRAME_ERROR:
		b->refused++;
		bench_fail(b, "the server refused a message: %.*s", n > 200 ? 200 : (int)n, payload);
		return;
	case BENCH_FRAME_OTHER:
		return;
	}
}
