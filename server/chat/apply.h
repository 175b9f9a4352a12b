/*
 * The one place that changes what the chat knows of rooms and members. It is driven by the events of each room, in order, as they leave the room's feed. The events
 * come from our own commits, from another instance, or from the store to fill a hole. A command offers its event here and answers; it changes nothing itself.
 *
 * Memory is a cache. An event about a room or a user that is not in memory changes nothing. What was read before that event and is still on its way is asked for
 * again (user_has_changed(), room_has_changed()). A room or membership that was read with the event already in it is not changed by it again (member.known_seq).
 *
 * Loop thread only.
 */
#ifndef PARLEY_CHAT_APPLY_H
#define PARLEY_CHAT_APPLY_H

#include "chat/chat_state.h"

/* Hands an event that was committed here to chat.outgoing and to its room. Takes it over; NULL is ignored. */
void apply_committed(struct chat *c, struct event *e);
/* The same for a room that the caller has. */
void apply_committed_in(struct room *r, struct event *e);
/* Hands an event to its room that another instance says was committed. Takes it over. */
void apply_arrived(struct chat *c, struct event *e);
/* Applies a join or a leave of our own that had result 0: its events as above, which the operation owns no more, and the notice to the user (user_tell.h). */
void apply_joined(struct chat *c, struct store_join *op);
void apply_left(struct chat *c, struct store_leave *op);
/* The feed has let this event out. This is the hook of the room. */
void apply_event(struct room *r, const struct event *e);
/* Damage has lost events that the feed never had: what memory knows of the room is read again. */
void apply_skipped(struct room *r);

#endif
