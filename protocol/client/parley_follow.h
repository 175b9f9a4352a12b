/*
 * Follows one room from a place on. It hands over every remembered event once and in order, also across lost connections. It fills holes (a reader too far
 * behind, a room.gap) from the room's history. When the place itself is void (a restored server), or when the server cannot read the next events any more,
 * it hands over the room.gap and goes on behind it.
 *
 * Ownership: the caller owns the struct; there is nothing to free. It gets events from the client's on_event and must live as long as the client.
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
	bool outdated;   /* … which was asked for from a place that is void now */
	char fault[200]; /* why it cannot go on; empty otherwise */
	void *arg;
	void (*on_event)(void *arg, const struct parley_event *event);
};

/* Follows `room` (an id) after seq `cursor`. `behind` tells that there are events to read up to now. */
void parley_follow_init(struct parley_follow *f, struct parley_client *client, const char *room, uint64_t cursor, bool behind,
			void (*on_event)(void *arg, const struct parley_event *event), void *arg);
/* Call it with every event of the client. Events of other rooms are ignored. */
void parley_follow_take(struct parley_follow *f, const struct parley_event *event);
/* Call it when the client has signed in again after a loss, because a server that was restored may not have the membership. */
void parley_follow_resume(struct parley_follow *f);

#endif
