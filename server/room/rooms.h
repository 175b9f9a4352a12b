/*
 * The engine as a whole: what its owner sets up, ends, and calls again and again.
 */
#ifndef PARLEY_ROOM_ROOMS_H
#define PARLEY_ROOM_ROOMS_H

#include "room/room_state.h"

/* In memory that is zeroed and holds still. What is pointed to outlives it; the owner sets the hooks before the first event. */
void rooms_init(struct rooms *rooms, struct loop *l, struct store *s, struct metrics *m, const struct rooms_config *config,
		const char *epoch);
/* No reader is left, and nobody holds a room. Nothing may be under way. */
void rooms_finish(struct rooms *rooms);
/* The store is gone: what still waits for events (room_await()) does so no more. */
void rooms_end_waits(struct rooms *rooms);
/* Called every second: rooms without use leave memory, what the store was too busy for is asked again. */
void rooms_tend(struct rooms *rooms);

#endif
