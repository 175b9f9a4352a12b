/*
 * Delivery. A room with news is swept: each reader that is behind gets one write directly from the ring, from its place to the head, for any number of events.
 * Nothing is queued, copied or counted per delivery. A sweep goes in slices of config.sweep_slice writes per loop turn, so reading, commits and small rooms have
 * their turn in between. The busier a room is, the more events each write carries.
 *
 * While there is time to write every event by itself, a pass goes as fast as it can. A room of which more is asked is swept without end, and each write takes
 * along what came since the reader's last one. Such a room would use a whole processor, so its passes rest: by REST_BY_DEMAND percent of their cost for each
 * processor that it would take beyond the first, up to config.sweep_rest percent. The pass is spread evenly over that time. Its readers are served as they come due,
 * and between the readers of one millisecond and those of the next the room rests. Each reader is passed once in that time, also when others stall. A reader for whom
 * a full write waits is served at once.
 *
 * The rest follows what is asked, because it costs delay, and the more events each write joins anyway the less of it. One room of 1000 readers, `tests/bench/room`,
 * CPU per delivery and p99 of the delay; behind it a bare publish of uWebSockets, which stores nothing (a commit takes 0.5 to 1 ms of each delay here):
 *     20/s: 4.5 us, 5.7 ms; 4.5 us, 5.3 ms      80/s: 3.4 us, 4.7 ms; 3.3 us, 3.6 ms     300/s: 2.5 us, 3.4 ms; 2.4 us, 3.0 ms
 *    600/s: 1.6 us, 6.4 ms; 1.7 us, 6.7 ms    1500/s: 0.45 us, 8.3 ms; 0.66 us, 7.5 ms
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
