/*
 * Follows one room from a place on: every remembered event, in order, once, whatever happens to the connection. Holes (a reader too
 * far behind, a room.gap) are filled from the room's history. Where the place itself is void (a restored server), or the server cannot read the next
 * events any more, the room.gap is handed over, and the room goes on behind it.
 *
 * Ownership: a struct of the caller's; nothing to free. It is fed from the client's on_event and must live as long as the client.
 * One thread.
 */
#ifndef PARLEY_CLIENT_PARLEY_FOLLOW_H
#define PARLEY_CLIENT_PARLEY_FOLLOW_H

#include "client/parley_client.h"

struct parley_follow {
	struct parley_client *client;
	char room[UID_TEXT_BYTES + 1];
	uint64_t cursor; /* the last seq that was handed over */
	bool reading;    /* a page of history is under way … */
	bool outdated;   /* … that was asked for from a place that is void by now */
	char fault[200]; /* why it cannot go on; empty while it can */
	void *arg;
	void (*on_event)(void *arg, const struct parley_event *event);
};

/* Follows `room` (an id) after seq `cursor`; `behind`: there is something to read up to now. */
void parley_follow_init(struct parley_follow *f, struct parley_client *client, const char *room, uint64_t cursor, bool behind,
			void (*on_event)(void *arg, const struct parley_event *event), void *arg);
/* To be called with every event of the client; those of other rooms are passed over. */
void parley_follow_take(struct parley_follow *f, const struct parley_event *event);
/* To be called when the client signed in again after a loss: a server that was restored may not know of the membership. */
void parley_follow_resume(struct parley_follow *f);

#endif
