/*
 * Guests end with their token: a guest who signed out, or whose unused token was deleted, leaves all rooms. The store tells which guests those are. They leave in
 * steps of a few, one step a second while there are more, so that no turn and no transaction is long.
 *
 * A guest who signs out leaves with the next step. Others are looked for at the start and every hour, because each look is a commit, and a minute after a step that
 * failed (on a full disk, for example).
 */
#ifndef PARLEY_CHAT_GUESTS_END_H
#define PARLEY_CHAT_GUESTS_END_H

#include "chat/chat_state.h"

enum { GUESTS_END_MOST = 32, GUESTS_END_EVERY_MS = 60 * 60 * 1000, GUESTS_END_AGAIN_MS = 60 * 1000 };

/* Runs one step if it is due. Called every second. */
void guests_end_step(struct chat *c);
/* A guest signed out. */
static inline void guests_end_soon(struct chat *c)
{
	c->guests_end_ms = 0;
}

#endif
