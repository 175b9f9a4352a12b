/*
 * The code in the link that makes the server's owner. Each start that finds no owner makes one and prints it; there is one moment at which the first account is made with any of
 * them, and from then on all are void.
 *
 * Where others write to the store too, the code is good at each of them: a balancer may lead its bearer to any. Its hash is kept in the database (STORE_OWNER_LINK), as long as the instance
 * that printed it runs, and the operation that makes the owner looks for it there. An instance that is killed leaves its hash behind: of those the database keeps
 * STORE_OWNER_LINKS_MAX, and none counts once there is an owner. While the store cannot take the hash, the code is good at its own instance, and the housekeeping tries again.
 *
 * Part of struct chat. Loop thread only.
 */
#ifndef PARLEY_CHAT_OWNER_LINK_H
#define PARLEY_CHAT_OWNER_LINK_H

#include "chat/chat_state.h"

void owner_link_begin(struct chat *c);
/* Stores the hash, unless that is done or not to be done. Called by the housekeeping. */
void owner_link_step(struct chat *c);
/* The store has another epoch. */
void owner_link_restored(struct chat *c);
/* The server has an owner now. */
void owner_link_void(struct chat *c);
/* The store is about to be destroyed, which finishes what it has: the hash goes. */
void owner_link_end(struct chat *c);

enum owner_link_answer {
	OWNER_LINK_WRONG,
	OWNER_LINK_OURS,     /* it is the code of this instance */
	OWNER_LINK_ANOTHERS, /* it may be the code of another one: the store knows */
};
enum owner_link_answer owner_link_is(const struct chat *c, struct text code);

#endif
