/*
 * The one place that changes what the chat knows of rooms and members, driven by the events of each room, in order, as they leave its feed: whether an event
 * came from a commit of our own, from another instance, or from the store to fill a hole. A command offers its event here and answers; it changes nothing itself.
 *
 * Memory is a cache. An event about a room or a user that nobody has in memory changes nothing; what was read before it and is still on its way is asked for
 * again (user_has_changed(), room_has_changed()). A room or membership that was read with the event already in it is not changed by it again: member.known_seq.
 *
 * Loop thread only.
 */
#ifndef PARLEY_CHAT_APPLY_H
#define PARLEY_CHAT_APPLY_H

#include "chat/chat_state.h"

/* An event that was committed here: to chat.outgoing, and to its room. Takes it over; NULL is ignored. */
void apply_committed(struct chat *c, struct event *e);
/* The same of a room that is at hand. */
void apply_committed_in(struct room *r, struct event *e);
/* An event that came from elsewhere. Takes it over. */
void apply_arrived(struct chat *c, struct event *e);
/* What a join or a leave of our own has done, with result 0: its events as above, which are the operation's no more, and the notice to the user (user_tell.h). */
void apply_joined(struct chat *c, struct store_join *op);
void apply_left(struct chat *c, struct store_leave *op);
/* The feed has let this event out: the hook of the room. */
void apply_event(struct room *r, const struct event *e);
/* Events that the feed never had are lost to damage: what memory knows of the room is read again. */
void apply_skipped(struct room *r);

#endif
