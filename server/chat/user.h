/*
 * A user in memory, with all memberships. Memory has what the store has: a user who is not in memory is read whole.
 */
#ifndef PARLEY_CHAT_USER_H
#define PARLEY_CHAT_USER_H

#include "chat/chat_state.h"

/* The user in memory with what the store said; or the one already there, who is newer. Takes nothing over. */
struct user *user_load(struct chat *c, const struct store_user *known, const struct store_membership *memberships, size_t n);
/* Whether one of these rooms is not in memory and has changed since the store was asked; n_changes: chat.n_changes then. */
bool user_rooms_are_old(struct chat *c, const struct store_membership *memberships, size_t n, uint64_t n_changes);
/* NULL when not in memory. */
struct user *user_by_no(struct chat *c, uint64_t no);
void user_hold(struct user *u);
void user_release(struct user *u);
/* Frees users that nobody held for a while, or all of them with everything = true. */
void user_unload_idle(struct chat *c, bool everything);

/* The account is gone: nobody finds this user any more. */
void user_void(struct user *u);
/* All users in memory belong to an epoch that is over. */
void user_void_all(struct chat *c);

/*
 * Claims a place for one more room, before the store is asked. It counts in limits.user_rooms until user_room_unclaim(), which comes after user_add_member(). False
 * when the limit is reached. Where others write to the store too, only the store knows that (-EDQUOT).
 */
bool user_room_claim(struct user *u);
void user_room_unclaim(struct user *u);
/* NULL when the user is not a member. */
struct member *user_member_of(struct user *u, const struct room *r);
/* The membership in the private room of this name (by name key), the oldest of several; NULL when there is none. */
struct member *user_private_room(struct user *u, const void *name_key, size_t n);
/* Adds (or finds) a membership with what the store said. */
struct member *user_add_member(struct user *u, struct room *r, const struct store_membership *known);
void user_remove_member(struct member *m);
/* The event that ends the membership is known and not applied yet. */
static inline void member_left_elsewhere(struct member *m)
{
	if (!m->leaving)
		m->leaving = MEMBER_LEFT_ELSEWHERE;
	m->user->n_told++; /* what is being read of the user may be older */
}
/* Takes the store's read mark for the member, which only moves forward. Whether it moved. */
bool member_read_to(struct member *m, uint64_t read_seq, uint64_t read_messages);
/* Messages of the room that the member has not read. None of them are the member's own, because writing one marks the room as read up to it. */
uint64_t member_unread(const struct member *m);

#endif
