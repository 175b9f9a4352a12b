/*
 * Asks the store again for an account that is in memory: after something that memory cannot follow by events (a room that nobody here has in memory was joined
 * elsewhere; a place in a log is damaged; a shared database was away). What is different then is told to the account's sessions. While the store cannot be asked, the
 * housekeeping tries again. An answer that may be older than what memory learned meanwhile is not used: it is asked for once more. A session whose token
 * is not the account's any more is closed. What would be answered alike again is not asked again: an account that is gone ends with its sessions, and of one whose rows
 * are damaged memory stays as it is, but for the sessions whose tokens ended.
 *
 * At most USER_REFRESH_MOST questions are under way. The other users wait in line, so that after an outage those who ask for something themselves find room in the
 * store's queue.
 *
 * The request belongs to itself; it holds the user. Loop thread only.
 */
#ifndef PARLEY_CHAT_USER_REFRESH_H
#define PARLEY_CHAT_USER_REFRESH_H

#include "chat/chat_state.h"

enum { USER_REFRESH_MOST = 16 };

void user_refresh(struct user *u);
/* Everybody in memory. */
void user_refresh_all(struct chat *c);
/* Everybody in memory who is a member of this room. */
void user_refresh_members(struct room *r);
/* Those for whom the store could not be asked. Called by the housekeeping, and when the store is back. */
void user_refresh_retry(struct chat *c);

/* What the store has just said of a membership: the room is loaded where it is not in memory, and a member that is new here is told to the user's sessions. */
struct member *user_learn_membership(struct user *u, const struct store_membership *known);

#endif
