/*
 * Finds events that other writers of the same database committed. About once a second the store is asked for the newest seq of each room that somebody here follows.
 * The feed of a room that is behind fetches what is missing, in order and once, as it does with every hole. This is the safety net for events that no instance told;
 * it is not their usual way.
 *
 * Runs only where the store says that others write to it (store->is_shared), and not while it is away. Rooms go in chunks of FOLLOW_CHUNK, one question after the
 * other, so that 10,000 rooms do not load a turn; there are never two questions at once. A question that fails is not repeated, because the next second asks again.
 * The second varies, so that several servers do not ask together.
 *
 * A bus is the usual way. The store is then asked as well for the rooms that the bus has just begun to tell of, at once and together: what was published before is
 * missed otherwise.
 *
 * Owner: struct chat. Loop thread only.
 */
#ifndef PARLEY_CHAT_FOLLOW_H
#define PARLEY_CHAT_FOLLOW_H

#include "chat/chat_state.h"

enum { FOLLOW_CHUNK = 512, FOLLOW_EVERY_MS = 1000, FOLLOW_VARY_MS = 250 };

struct follow *follow_new(struct chat *c);
/* No operation may be under way. Accepts NULL. */
void follow_destroy(struct follow *f);
/* Asks for all rooms in the next turn, or behind the question that is under way: the store or the bus is back. */
void follow_soon(struct follow *f);
/* The same for this room alone, which is followed. */
void follow_room_soon(struct follow *f, struct room *r);

#endif
