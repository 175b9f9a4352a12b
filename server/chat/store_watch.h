/*
 * What the chat does when its store's database goes away, comes back, or goes back to an earlier state.
 *
 * Away: sessions stay, signed in, and get the events that still come. What needs the store is refused as `unavailable`, and so is what waits for a room before it does anything. Readers behind the ring and rooms that miss
 * events wait, and go on when it is back. Where others write to it too, every user in memory is then read again, because nobody here may have been told what they
 * did.
 *
 * Another epoch: rooms, members, users, tokens and seqs may all differ. Every session that takes events is told `server.leaving`, each with its own moment to come
 * back, and is closed. Its client comes back for the whole state, the same as after a restart from a backup. Its cursors are of the epoch before, and lead to
 * `room.gap` (restored). Users and rooms in memory are void: nobody finds them any more, nothing is asked for them, and they go with the last request that holds
 * them.
 */
#ifndef PARLEY_CHAT_STORE_WATCH_H
#define PARLEY_CHAT_STORE_WATCH_H

#include "chat/chat_state.h"

void store_watch_begin(struct chat *c);
/* The store is about to be destroyed. */
void store_watch_end(struct chat *c);
/* How long a client that is refused because the database is away has to wait: between once and twice what the store says, so that not all ask at once. */
uint32_t store_watch_retry_ms(const struct chat *c);

#endif
