/*
 * Asks the store again for an account that is in memory: after something that memory cannot follow by events (a room that nobody here has in memory was joined
 * elsewhere; a place in a log is damaged). What is different then is told to the account's sessions. While the store cannot be asked, the housekeeping tries
 * again. An answer that may be older than what memory learned meanwhile is not used: it is asked for once more.
 *
 * The request belongs to itself; it holds the user. Loop thread only.
 */
#ifndef PARLEY_CHAT_USER_REFRESH_H
#define PARLEY_CHAT_USER_REFRESH_H

#include "chat/chat_state.h"

void user_refresh(struct user *u);
/* Everybody in memory who is a member of this room. */
void user_refresh_members(struct room *r);
/* Those for whom the store could not be asked. Called by the housekeeping. */
void user_refresh_retry(struct chat *c);

/* What the store has just said of a membership: the room is loaded where it is not in memory, and a member that is new here is told to the user's sessions. */
struct member *user_learn_membership(struct user *u, const struct store_membership *known);

#endif
