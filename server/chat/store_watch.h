/*
 * What the chat does when its store's database goes away, comes back, or goes back to an earlier state.
 *
 * Away: sessions stay, signed in, and get the events that still come. What needs the store is refused as `unavailable`; readers behind the ring and rooms that miss
 * events wait, and go on when it is back. Where others write to it as well, every user in memory is read again then: what they did may have been told to nobody here.
 *
 * Another epoch: rooms, members, users, tokens and seqs are not what they were, so every session that takes events is told `server.leaving` with its own moment to come
 * back, and is closed. Its client comes back for the whole state as after a restart from a backup, with cursors of the epoch before, which lead to `room.gap`
 * (restored). Users and rooms in memory are void: nobody finds them any more, nothing is asked for them, and they go with the last request that holds them.
 */
#ifndef PARLEY_CHAT_STORE_WATCH_H
#define PARLEY_CHAT_STORE_WATCH_H

#include "chat/chat_state.h"

void store_watch_begin(struct chat *c);
/* The store is about to be destroyed. */
void store_watch_end(struct chat *c);
/* How long whoever is refused because the database is away is to wait: what the store says and as much again at most, so that not all ask at once. */
uint32_t store_watch_retry_ms(const struct chat *c);

#endif
