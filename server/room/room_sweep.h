/*
 * Delivery. A room with news is swept: each reader that is behind gets one write directly from the ring, from its place to the head, for any number of events.
 * Nothing is queued, copied or counted per delivery. A sweep goes in slices of config.sweep_slice writes per loop turn, so reading, commits and small rooms have
 * their turn in between. The busier a room is, the more events each write carries.
 *
 * A room that is busy enough to be swept without end would use a whole core, even with few events in each write. So a pass that follows the one before at once takes
 * its time: it is spread evenly over what passes usually cost and config.sweep_rest percent more. Its readers are served as they come due, and between the readers
 * of one millisecond and those of the next the room rests. Each reader is passed once in that time, also when others stall. The writes are fewer and fuller, and the
 * loop has time for everything else, commits among it. A reader for whom a full write waits is served at once. A pass that comes alone, or that costs little, goes
 * as fast as it can.
 *
 * At 1500 messages a second to 1000 readers (parley bench) this takes 0.40 µs of CPU per delivery, with deliveries at 13 ms and acknowledgements at 2 ms (p99);
 * without it 0.66 µs, 9 and 5 ms.
 */
#ifndef PARLEY_ROOM_ROOM_SWEEP_H
#define PARLEY_ROOM_ROOM_SWEEP_H

#include "room/room_state.h"

/* The room has news. */
void room_sweep_want(struct room *r);
/* One slice; the hook at the end of every loop turn. */
void room_sweep_turn(struct rooms *rooms);
/* Rooms whose rest is over line up again. Called by the timer. */
void room_sweep_rest_over(struct rooms *rooms);
/* This reader leaves the room's list: a pass that has it next steps over it. */
void room_sweep_forget(struct reader *reader);

#endif
