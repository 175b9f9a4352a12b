/*
 * A user in memory, with all memberships. What is here is what the store has: a user who is not in memory is read whole.
 */
#ifndef PARLEY_CHAT_USER_H
#define PARLEY_CHAT_USER_H

#include "chat/chat_state.h"

/* The user in memory with what the store said, or the one already there (which knows better). Takes nothing over. */
struct user *user_load(struct chat *c, const struct store_user *known, const struct store_membership *memberships, size_t n);
/* Whether one of the rooms, which the store told when chat.n_changes was this, is not in memory and has changed since. */
bool user_rooms_are_old(struct chat *c, const struct store_membership *memberships, size_t n, uint64_t n_changes);
/* NULL when not in memory. */
struct user *user_by_no(struct chat *c, uint64_t no);
void user_hold(struct user *u);
void user_release(struct user *u);
/* Lets go of users that nobody held for a while; all of them with everything = true. */
void user_unload_idle(struct chat *c, bool everything);

/* Nobody finds this one any more: there is no such account. */
void user_void(struct user *u);
/* All users in memory are of an epoch that is over. */
void user_void_all(struct chat *c);

/*
 * A place for one more room, before the store is asked; counted among limits.user_rooms until user_room_unclaim(), which comes after
 * user_add_member(). False when the limit is reached.
 */
bool user_room_claim(struct user *u);
void user_room_unclaim(struct user *u);
/* NULL when the user is not a member. */
struct member *user_member_of(struct user *u, const struct room *r);
/* The membership in the private room of this name (by name key), of several the oldest; NULL when there is none. */
struct member *user_private_room(struct user *u, const void *name_key, size_t n);
/* Adds (or finds) a membership with what the store said. */
struct member *user_add_member(struct user *u, struct room *r, const struct store_membership *known);
void user_remove_member(struct member *m);
/* The event that ends the membership is known, and not applied yet. */
static inline void member_left_elsewhere(struct member *m)
{
	if (!m->leaving)
		m->leaving = MEMBER_LEFT_ELSEWHERE;
	m->user->n_told++; /* what is being read of the user may be older */
}
/* What the store says of the member's mark: it only moves forward. Whether it did. */
bool member_read_to(struct member *m, uint64_t read_seq, uint64_t read_messages);
/* Messages of the room that the member has not read. None of them are the member's own: writing reads up to what was written. */
uint64_t member_unread(const struct member *m);

#endif
