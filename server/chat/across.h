/*
 * The chat's side of the bus between instances (bus/bus.h): what happened here is told to the others at once, and what they tell is taken.
 *
 *   told              when                                       what the others do
 *   an event          it was committed here                      its room's feed takes it (apply_arrived()); it fetches what is missing before it
 *   notices           their operation was committed here         the feed of the server's log takes them (server_log_heard())
 *   typing, a signal  it is passed on to readers here            theirs get it, unless they know that its author is no member any more
 *   message.ephemeral it is told to a member here                sessions of the same account that follow the room get it
 *   what rates took   at the end of the turn                     take it from their buckets (rate.h)
 *
 * The bus is a hint: nothing waits for it, and what it loses, doubles or brings late is found by follow.h. A room is followed on the bus while it has readers here. As
 * soon as its channel is heard the store is asked how far the room is, so nothing falls between the store's answer and the bus. While the bus is whole, a hole
 * in such a room has ACROSS_PATIENCE_MS to fill by itself (room/room_hole.h). When the bus is whole again, the store is asked for all rooms.
 *
 * What comes from the bus is looked at like what comes from outside: it has the form of its kind, and belongs to the room of its channel. Whoever can publish in
 * Redis can still forge an event, as whoever can write to the database can. An event larger than ACROSS_EVENT_BYTES_MAX is not published, but its seq is: the others fetch it.
 *
 * What an instance counts, who is connected to it, and `server.leaving` are its own and are not told.
 *
 * Owner: struct chat. Loop thread only.
 */
#ifndef PARLEY_CHAT_ACROSS_H
#define PARLEY_CHAT_ACROSS_H

#include "bus/bus.h"
#include "chat/chat_state.h"

enum { ACROSS_EVENT_BYTES_MAX = BUS_MESSAGE_BYTES_MAX / 2, ACROSS_PATIENCE_MS = 10 };

/* No room has a reader yet. */
struct across *across_new(struct chat *c, struct bus *bus);
/* No room has a reader any more. The bus calls nobody from now on. Accepts NULL. */
void across_destroy(struct across *a);
/* The store has another epoch, and no room has a reader. Accepts NULL. */
void across_restored(struct across *a);
/* The end of a turn. */
void across_turn(struct chat *c);

/* Passes an event of the room on that is not remembered, to readers here and at other instances. `data`: its JSON object. */
void across_pass_on(struct room *r, const struct user *author, enum event_type type, const struct buf *data);
struct across_place {
	uint64_t room_no;
	struct uid room;
};
/* Tells such an event to one account alone: to those of its sessions that follow the room as a member's, here and at other instances. Neither has to be in memory. */
void across_tell_account(struct chat *c, const struct across_place *at, uint64_t user_no, enum event_type type, const struct buf *data);
void across_tell_member(const struct member *m, enum event_type type, const struct buf *data);

#endif
