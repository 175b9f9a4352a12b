/*
 * A room in memory: its feed, its tail and its readers; and the registry of those that are in memory.
 */
#ifndef PARLEY_ROOM_ROOM_H
#define PARLEY_ROOM_ROOM_H

#include "room/room_state.h"

/* The room in memory with what the store said, or the one already there (which knows better). Takes nothing over. */
struct room *room_load(struct rooms *rooms, const struct store_room *known);
/* NULL when not in memory. */
struct room *room_by_id(struct rooms *rooms, const struct uid *id);
/* A public room by name key, see text_clean_name(). NULL when not in memory. */
struct room *room_by_name_key(struct rooms *rooms, const void *key, size_t n);

void room_rename(struct room *r, const char *name, size_t n);
void room_set_topic(struct room *r, const char *topic);
/* What the store says of it, unless the room has come further or not so far. */
void room_know(struct room *r, const struct store_room *known);

/* A hold keeps the room in memory. */
void room_hold(struct room *r);
void room_release(struct room *r);
/* Lets go of rooms that nobody held for config.room_idle_ms; all of them with everything = true. */
void room_unload_idle(struct rooms *rooms, bool everything);

/* All rooms in memory are of an epoch that is over: nobody finds them any more, and what waits for their events (room_await()) is over. No reader is left. */
void room_void_all(struct rooms *rooms);

/* Gives back the tails longer than ROOM_TAIL_LEAST of rooms without news for quiet_ms; readers that still wanted something of them read on from the log. */
void room_forget_quiet_tails(struct rooms *rooms, uint64_t quiet_ms);

/* An event that was committed: to the feed, which lets it out in order to the tail and the sweep. Takes it over; NULL is ignored. */
void room_offer(struct room *r, struct event *e);
/* The room has come to this seq at least: what is missing is fetched. */
void room_expect(struct room *r, uint64_t seq);
/* What comes next in the room, up to this seq, is known already: nobody is told of it. */
void room_pass(struct room *r, uint64_t seq);
/* Asks again for what the feeds miss, where the store was away, busy or did not have it yet. Called by the housekeeping, and when the store is back. */
void room_fetch_again(struct rooms *rooms);

/* Waits until the room has let out the event with this seq, or goes on without it: then() is called, at once if that is so already. The wait is its
 * caller's, who holds the room, and out of the list before then(). */
struct room_wait {
	struct list in_room; /* room.waiting */
	uint64_t seq;
	void (*then)(struct room_wait *w);
};
void room_await(struct room *r, uint64_t seq, struct room_wait *w, void (*then)(struct room_wait *w));

/* Those up to this seq are over. */
void room_end_waits(struct room *r, uint64_t up_to_seq);

/* An event that is not remembered: n bytes of JSON. Dropped when the tail is under pressure. */
void room_pass_on(struct room *r, const void *json, size_t n);

/* A room nobody can find, for the probe. */
struct room *room_new_hidden(struct rooms *rooms);
void room_free_hidden(struct room *r);

#endif
