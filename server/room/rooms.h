/*
 * The engine as a whole: its owner sets it up, ends it, and calls it again and again.
 */
#ifndef PARLEY_ROOM_ROOMS_H
#define PARLEY_ROOM_ROOMS_H

#include "room/room_state.h"

/* The memory is zeroed and does not move. What the arguments point to outlives it; the owner sets the hooks before the first event. */
void rooms_init(struct rooms *rooms, struct loop *l, struct store *s, struct metrics *m, const struct rooms_config *config,
		const char *epoch);
/* No reader may be left, nobody may hold a room, and no operation may be under way. */
void rooms_finish(struct rooms *rooms);
/* The store is gone: the waits for events (room_await()) end. */
void rooms_end_waits(struct rooms *rooms);
/* The store is away: the waits end that end with it. */
void rooms_away(struct rooms *rooms);
/* Called every second: unused rooms leave memory, and the store is asked again for what it was too busy for. */
void rooms_tend(struct rooms *rooms);

#endif
