/*
 * Guests end with their token: who signed out, and whose token was deleted because nobody used it, is in no room any more. The store tells which those are; they
 * leave in steps of a few, one a second while there are more, so that no turn and no transaction is long. A guest who signs out has left with the next step;
 * else they are looked for at the start and every hour, since each look is a commit, and a minute after
 * a step that failed (the disk is full, say).
 */
#ifndef PARLEY_CHAT_GUESTS_END_H
#define PARLEY_CHAT_GUESTS_END_H

#include "chat/chat_state.h"

enum { GUESTS_END_MOST = 32, GUESTS_END_EVERY_MS = 60 * 60 * 1000, GUESTS_END_AGAIN_MS = 60 * 1000 };

/* One step, where one is due. Called every second. */
void guests_end_step(struct chat *c);
/* A guest signed out. */
static inline void guests_end_soon(struct chat *c)
{
	c->guests_end_ms = 0;
}

#endif
