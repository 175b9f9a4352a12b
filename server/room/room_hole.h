/*
 * A hole in what a room's feed was offered is read from the store. What cannot be read now is asked for again (room_fetch_again()); what is lost to damage is skipped.
 *
 * What two instances publish for one room crosses all the time. So while a bus tells of the room (rooms.patience_ms, room.is_heard), a hole has a moment to fill by
 * itself before it is fetched. No timer is started for each: when the moment is over and the feed has gone on meanwhile, the hole that is there then has the same
 * moment again, so nothing waits longer than twice that. Whoever waits for an event behind the hole waits for no moment (room_await()), and neither does the next
 * page of a hole that is longer than one.
 */
#ifndef PARLEY_ROOM_ROOM_HOLE_H
#define PARLEY_ROOM_ROOM_HOLE_H

#include "room/room_state.h"

/* room_feed.fetch of every room. */
void room_hole_fetch(void *room, uint64_t after_seq, uint64_t before_seq);
/* A hole that has a moment to fill by itself is fetched now. */
void room_hole_hurry(struct room *r);
/* Called by the timer. */
void room_hole_patience_over(struct rooms *rooms);

#endif
