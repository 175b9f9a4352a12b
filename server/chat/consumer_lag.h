/* How far consumers and webhooks are behind, for metrics: one question to the store for all of them, once in CONSUMER_LAG_EVERY_MS. Each instance asks, and all give the same. Loop thread only. */
#ifndef PARLEY_CHAT_CONSUMER_LAG_H
#define PARLEY_CHAT_CONSUMER_LAG_H

#include "chat/chat_state.h"

enum { CONSUMER_LAG_EVERY_MS = 30 * 1000 };

/* Asks if it is due. Called every second. */
void consumer_lag_step(struct chat *c);

#endif
