/*
 * Rates per connection, account and address. They are token buckets with a burst of ten seconds (requests, where a long one counts as several) or one minute
 * (accounts, rooms made, passwords). Addresses and account names are kept by keyed hash, and are forgotten when their bucket is full again.
 */
#ifndef PARLEY_CHAT_RATE_H
#define PARLEY_CHAT_RATE_H

#include "chat/chat_state.h"

struct rate_table *rate_table_new(void);
void rate_table_destroy(struct rate_table *t); /* accepts NULL */
/* Drops entries that were not used for so long that their buckets are full. */
void rate_table_clean(struct rate_table *t, uint64_t now_ms);

/* Each returns 0, or the milliseconds to wait. */
/* A request of n bytes: counts as one, and one more for every limits.request_bytes of it. Asked before it is parsed. */
uint32_t rate_request(struct session *s, size_t n);
/* Becoming a WebSocket, before there is a session: counts as one request of the address. */
uint32_t rate_upgrade(struct chat *c, const struct conn *conn);
/* Signing in to this account for events: counts as one request, and one more for every few rooms, because each room is told and gets a reader. */
uint32_t rate_sign_in(struct session *s, struct user *u);
/* The budget of log lines for refused sign-ins from the session's address. Valid until the next call. */
struct trail_budget *rate_trail(const struct session *s);
uint32_t rate_account_made(struct session *s);
uint32_t rate_room_made(struct session *s);
/* One attempt at this name from this address: the limit applies to the address, and eight times the limit to the name. */
uint32_t rate_password(struct session *s, const void *name_key, size_t n);

#endif
