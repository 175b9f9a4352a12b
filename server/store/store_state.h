/*
 * What a store says of itself while the server runs: that its database is away or back, and that it went back to an earlier state. A store calls these, and its
 * watcher is told. Loop thread only.
 */
#ifndef PARLEY_STORE_STORE_STATE_H
#define PARLEY_STORE_STORE_STATE_H

#include "store/store.h"

/* The database cannot be reached. `why` names the host and the reason, and no password. retry_ms: when the store tries again, about. Called again when the
 * reason or the time is another; only the first call of an outage is logged and told. */
void store_set_away(struct store *s, const char *why, uint32_t retry_ms);
/* It can be reached again. Nothing happens when it was not away. */
void store_set_back(struct store *s);
/*
 * The database holds another history than before: a restored backup, or a standby that took over and lacks the newest commits. Numbers of rooms and users name others
 * now, so nothing that was submitted in one epoch may be done in the next: before this call the store brings back all that was submitted, with -ENOTCONN what the old
 * history does not hold. has_owner: somebody owns the server in the new one. Nothing happens when the epoch is the same.
 */
void store_set_epoch(struct store *s, const char epoch[STORE_EPOCH_BYTES + 1], bool has_owner);

#endif
