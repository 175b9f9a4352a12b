/*
 * Asks the store again for an account that is in memory. This is needed after something that memory cannot follow by events: a room that nobody here has in memory
 * was joined elsewhere, a place in a log is damaged, a shared database was away. What is different then is told to the account's sessions.
 *
 * While the store cannot be asked, the housekeeping tries again. An answer that may be older than what memory learned meanwhile is not used, and the store is asked
 * once more. A session whose token the account has no more is closed. An answer that stays the same is not asked for again: an account that is gone ends with its
 * sessions, and memory stays as it is for an account whose rows are damaged, but sessions whose tokens ended are closed.
 *
 * At most USER_REFRESH_MOST questions are under way. The other users wait in line, so that after an outage the requests of clients find room in the store's queue.
 *
 * The request belongs to itself; it holds the user. Loop thread only.
 */
#ifndef PARLEY_CHAT_USER_REFRESH_H
#define PARLEY_CHAT_USER_REFRESH_H

#include "chat/chat_state.h"

enum { USER_REFRESH_MOST = 16 };

void user_refresh(struct user *u);
/* Asks for everybody in memory. */
void user_refresh_all(struct chat *c);
/* Asks for everybody in memory who is a member of this room. */
void user_refresh_members(struct room *r);
/* Asks for those for whom the store could not be asked. Called by the housekeeping, and when the store is back. */
void user_refresh_retry(struct chat *c);

/* Takes what the store has just said of the user: role, memberships and marks. What is different is told to the user's sessions. Nothing may have been told of the user since the store was
 * asked (user.n_told, chat_n_unloads(), user_rooms_are_old()). */
void user_learn(struct user *u, const struct store_sign_in *op);
/* Takes what the store has just said of a membership. The room is loaded where it is not in memory, and a member that is new here is told to the user's sessions. */
struct member *user_learn_membership(struct user *u, const struct store_membership *known);

#endif
