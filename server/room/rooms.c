#include "room/rooms.h"

#include "room/reader_log.h"
#include "room/room.h"
#include "room/room_hole.h"
#include "room/room_sweep.h"

enum {
	QUIET_TAIL_MS = 60000,
	DEFAULT_SWEEP_SLICE = 32,
	DEFAULT_WRITE_BYTES = 65536,
	DEFAULT_TAIL_BYTES = 1 << 20,
	DEFAULT_IDLE_MS = 300000,
};

static void sweep(void *arg)
{
	room_sweep_turn(arg);
}

static void rest_over(void *arg)
{
	room_sweep_rest_over(arg);
}

static void patience_over(void *arg)
{
	room_hole_patience_over(arg);
}

static uint32_t or_default(uint32_t v, uint32_t otherwise)
{
	return v ? v : otherwise;
}

/* The largest power of two that is at most n. */
static uint32_t power_of_two(uint32_t n)
{
	uint32_t p = ROOM_TAIL_LEAST;
	while (p <= n / 2)
		p *= 2;
	return p;
}

void rooms_init(struct rooms *rooms, struct loop *l, struct store *s, struct metrics *m, const struct rooms_config *config,
		const char *epoch)
{
	rooms->loop = l;
	rooms->store = s;
	rooms->metrics = m;
	rooms->epoch = epoch;
	rooms->config = *config;
	rooms->config.sweep_slice = or_default(config->sweep_slice, DEFAULT_SWEEP_SLICE);
	rooms->config.write_bytes = or_default(config->write_bytes, DEFAULT_WRITE_BYTES);
	rooms->config.room_tail_bytes = power_of_two(or_default(config->room_tail_bytes, DEFAULT_TAIL_BYTES));
	rooms->config.room_idle_ms = or_default(config->room_idle_ms, DEFAULT_IDLE_MS);
	list_init(&rooms->sweeping);
	list_init(&rooms->resting);
	list_init(&rooms->long_tails);
	list_init(&rooms->log_waiting);
	list_init(&rooms->idle);
	list_init(&rooms->holes);
	list_init(&rooms->followed);
	list_init(&rooms->patient);
	rooms->patience_over = loop_timer_new(l, patience_over, rooms);
	rooms->rest_over = loop_timer_new(l, rest_over, rooms);
	loop_at_turn_end(l, TURN_END_EVENTS, sweep, rooms);
}

void rooms_end_waits(struct rooms *rooms)
{
	size_t at = 0;
	for (struct room *r; (r = id_map_next(&rooms->by_id, &at));)
		room_end_waits(r, UINT64_MAX);
}

void rooms_away(struct rooms *rooms)
{
	size_t at = 0;
	for (struct room *r; (r = id_map_next(&rooms->by_id, &at));)
		room_end_waits_of_away(r);
}

void rooms_finish(struct rooms *rooms)
{
	loop_not_at_turn_end(rooms->loop, sweep, rooms);
	room_unload_idle(rooms, true);
	loop_timer_destroy(rooms->rest_over);
	loop_timer_destroy(rooms->patience_over);
	id_map_finish(&rooms->by_id);
	id_map_finish(&rooms->by_name);
	buf_finish(&rooms->scratch);
	buf_finish(&rooms->stream_scratch);
}

void rooms_tend(struct rooms *rooms)
{
	room_unload_idle(rooms, false);
	room_forget_quiet_tails(rooms, QUIET_TAIL_MS);
	reader_log_retry(rooms);
	room_fetch_again(rooms);
}
