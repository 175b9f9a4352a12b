/*
 * Events that other writers of the same database committed. About once a second the store is asked how far the rooms are that somebody here follows; the feed of a
 * room that is behind fetches what is missing, in order and once, as it does with every hole. This finds what nobody told; it is not how events
 * are meant to come.
 *
 * Only where the store says that others write to it (store->is_shared), and not while it is away. Rooms go in chunks of FOLLOW_CHUNK, one question after the
 * other, so that 10,000 rooms are no load for a turn; there are never two questions at once. One that fails is not repeated: the next second comes. The second varies, so that
 * several servers do not ask together.
 * Owner: struct chat. Loop thread only.
 */
#ifndef PARLEY_CHAT_FOLLOW_H
#define PARLEY_CHAT_FOLLOW_H

#include "chat/chat_state.h"

enum { FOLLOW_CHUNK = 512, FOLLOW_EVERY_MS = 1000, FOLLOW_VARY_MS = 250 };

struct follow *follow_new(struct chat *c);
/* Nothing may be under way. Accepts NULL. */
void follow_destroy(struct follow *f);
/* With the next turn, where none is under way: the store is back. */
void follow_soon(struct follow *f);

#endif
