/*
 * Puts the events of a room in order. It is offered events from several sources (own commits, the bus, the store), in any order and with repeats, and lets each out
 * once:
 *
 *   last+1 goes out,   <= last is dropped,   > last+1 is held while the hole is fetched once.
 *
 * What comes from the store is known to be there. What another instance tells is held, too, but nothing more is concluded from it: when the store does not have what
 * comes before it, it is dropped. So a bus that lies makes nobody believe that the store lost events.
 *
 * Takes over every event. Held events are bounded: what does not fit is dropped and fetched later, because the store has it too. Owner: struct room.
 * Loop thread only.
 */
#ifndef PARLEY_ROOM_ROOM_FEED_H
#define PARLEY_ROOM_ROOM_FEED_H

#include "store/event.h"

#include <stdbool.h>
#include <stdint.h>

enum { ROOM_FEED_HELD_MAX = 256 };

struct room_feed {
	uint64_t last_seq;   /* the newest that went out */
	uint64_t newest_seq; /* the newest that the store is known to have, or that went out */
	struct event **held; /* ascending by seq, all > last_seq + 1 */
	uint32_t n_held;
	bool fetching;                           /* a fetch is under way; at most one */
	void (*out)(void *arg, struct event *e); /* takes the event over */
	/* Asks for after_seq < seq < before_seq; answered by offers, then room_feed_fetched(). */
	void (*fetch)(void *arg, uint64_t after_seq, uint64_t before_seq);
	void *arg;
};

void room_feed_init(struct room_feed *f, uint64_t last_seq, void (*out)(void *, struct event *), void (*fetch)(void *, uint64_t, uint64_t),
		    void *arg);
void room_feed_finish(struct room_feed *f);
/* The store has this event. */
void room_feed_offer(struct room_feed *f, struct event *e);
/* Another instance says that the store has this event. */
void room_feed_hear(struct room_feed *f, struct event *e);
/* The store has ended before what was heard: drops it. */
void room_feed_doubt(struct room_feed *f);
/* The seq up to which (exclusive) events are missing behind last_seq; 0: none are. */
uint64_t room_feed_hole(const struct room_feed *f);
/* There are events up to this seq: the missing ones are fetched. */
void room_feed_expect(struct room_feed *f, uint64_t seq);
/* The events up to this seq will never come, or are known: goes on behind them. */
void room_feed_skip(struct room_feed *f, uint64_t seq);
/* The fetch has ended, and everything it found is offered. Another one is asked for when a hole is left and `again` is true. */
void room_feed_fetched(struct room_feed *f, bool again);

#endif
