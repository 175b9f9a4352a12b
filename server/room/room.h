/*
 * A room in memory: its feed, its tail and its readers; and the registry of the rooms in memory.
 */
#ifndef PARLEY_ROOM_ROOM_H
#define PARLEY_ROOM_ROOM_H

#include "room/room_state.h"

/* The room in memory with what the store said; or the one already there, which is newer. Takes nothing over. */
struct room *room_load(struct rooms *rooms, const struct store_room *known);
/* NULL when not in memory. */
struct room *room_by_id(struct rooms *rooms, const struct uid *id);
/* A public room by name key, see text_clean_name(). NULL when not in memory. */
struct room *room_by_name_key(struct rooms *rooms, const void *key, size_t n);

void room_rename(struct room *r, const char *name, size_t n);
void room_set_topic(struct room *r, const char *topic);
/* Takes what the store says of it, unless the room's seq in memory is another. */
void room_know(struct room *r, const struct store_room *known);

/* A hold keeps the room in memory. */
void room_hold(struct room *r);
void room_release(struct room *r);
/* Frees rooms that nobody held for config.room_idle_ms, or all of them with everything = true. */
void room_unload_idle(struct rooms *rooms, bool everything);

/* All rooms in memory belong to an epoch that is over: nobody finds them any more, and the waits for their events (room_await()) end. No reader may be left. */
void room_void_all(struct rooms *rooms);

/* Frees the tails longer than ROOM_TAIL_LEAST of rooms without news for quiet_ms. Readers that lack some of it read on from the log. */
void room_forget_quiet_tails(struct rooms *rooms, uint64_t quiet_ms);

/* Offers an event that was committed to the feed, which lets it out in order to the tail and the sweep. Takes it over; NULL is ignored. */
void room_offer(struct room *r, struct event *e);
/* The same for one that another instance says was committed. */
void room_hear(struct room *r, struct event *e);
/* The room has at least come to this seq: what is missing is fetched. */
void room_expect(struct room *r, uint64_t seq);
/* What comes next in the room, up to this seq, is known already: nobody is told of it. */
void room_pass(struct room *r, uint64_t seq);
/* Asks again for what the feeds lack because the store was away, busy or did not have it yet. Called by the housekeeping, and when the store is back. */
void room_fetch_again(struct rooms *rooms);

/* Waits until the room has let out the event with this seq, or goes on without it, and calls then(); before this returns if that is so already. The caller owns
 * the wait and holds the room. The wait is out of the list before then(). */
struct room_wait {
	struct list in_room; /* room.waiting */
	uint64_t seq;
	bool ends_when_away;
	void (*then)(struct room_wait *w);
};
void room_await(struct room *r, uint64_t seq, struct room_wait *w, void (*then)(struct room_wait *w));
/* The same for who has done nothing yet: the wait ends as well when the store is away, and the room has not come to the seq then. */
void room_await_or_away(struct room *r, uint64_t seq, struct room_wait *w, void (*then)(struct room_wait *w));

/* Ends the waits up to this seq. */
void room_end_waits(struct room *r, uint64_t up_to_seq);
/* Ends those that end when the store is away. */
void room_end_waits_of_away(struct room *r);

/* The room's events are wanted as soon as they are committed anywhere. */
void room_follow(struct room *r);
void room_unfollow(struct room *r);

/* Passes on an event that is not remembered: n bytes of JSON. Dropped when the tail is under pressure. */
void room_pass_on(struct room *r, const void *json, size_t n);

/* A room that nobody can find, for the probe. */
struct room *room_new_hidden(struct rooms *rooms);
void room_free_hidden(struct room *r);

#endif
