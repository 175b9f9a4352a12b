/*
 * What memory learns when the store has made or ended a membership, whoever asked for it: the member themselves, somebody who adds them, or the server.
 * The user may be in memory or not. Everybody in the room is told by the event, the user's sessions by room.added or room.removed.
 */
#ifndef PARLEY_CHAT_MEMBERSHIP_H
#define PARLEY_CHAT_MEMBERSHIP_H

#include "chat/chat_state.h"

/* The operation is done, with result 0; `r` is held and its room. Takes the event over. `asked`: the user's session that knows from its reply, or NULL. The member, or NULL
 * when the user is not in memory. */
struct member *membership_made(struct room *r, struct store_join *op, struct session *asked);
/* The same; takes both events over. */
void membership_ended(struct room *r, uint64_t user_no, struct store_leave *op, const struct session *asked);

#endif
