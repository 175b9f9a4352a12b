/*
 * Delivery. A room with news is swept: each reader that is behind gets one write straight from the ring, from its place to the
 * head, however many events that is; nothing is queued, copied or counted per delivery. A sweep goes in slices of config.sweep_slice
 * writes per loop turn, so reading, commits and small rooms get their turn in between, and the busier a room is, the more events each
 * write carries.
 *
 * After a pass of REST_FROM_NS or more the room rests, for config.sweep_rest percent of what its passes usually take, reckoned from when the
 * pass should have been over. A room that is busy enough to be swept without end would otherwise spend a whole core however few events each
 * write carries; the rest makes the writes fewer and fuller, for a delay of a part of a pass.
 */
#ifndef PARLEY_CHAT_ROOM_SWEEP_H
#define PARLEY_CHAT_ROOM_SWEEP_H

#include "chat/chat_state.h"

/* The room has news. */
void room_sweep_want(struct room *r);
/* One slice; the hook at the end of every loop turn. */
void room_sweep_turn(struct chat *c);
/* Rooms whose rest is over line up again: the timer's call. */
void room_sweep_rest_over(struct chat *c);
/* This reader leaves the room's list: a pass that would come to it next steps over it. */
void room_sweep_forget(struct reader *reader);

#endif
