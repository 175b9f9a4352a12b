/*
 * Rates per connection, account and address. They are token buckets with a burst of ten seconds (requests, where a long one counts as several) or one minute
 * (accounts, rooms made, passwords). Addresses and account names are kept by keyed hash, and are forgotten when their bucket is full again.
 *
 * Where a bus joins several instances, what limits attempts from outside counts on all of them: passwords, new accounts and guests, upgrades, posts to a hook, and what goes out to others' services. Each instance tells
 * what its buckets let through, and the others take it from theirs, at most until they are empty: nobody waits longer than on a single instance. Nothing is asked
 * before something is let through, so within the time that the bus takes each instance lets its own burst through. What is told is joined per bucket and turn,
 * RATE_TOLD_PER_SECOND buckets at most; what is more is told later.
 * Requests are not told. Their limits protect an instance's own time, and each request would become a message to all others.
 *
 * Told as RATE_TOLD_BYTES for each bucket: 16 bytes that stand for the address or name, u32 enum rate_bucket, u32 amount, little-endian. The bytes are a hash that all
 * instances make in the same way. It is no secret: who reads the bus reads the messages. Here it is hashed once more with the key of this process, so that nobody
 * outside can choose where it comes to lie in the table.
 *
 * One bucket is for the sign-ins of everybody together: when another server ends, its clients come here at once, and what is said here meanwhile is not held up by
 * them. Its burst is short. Whoever is refused is told a time of its own to come back: the times follow each other at a pace that leaves a share of the rate to those
 * who come for the first time. Only what signs in counts, so that nobody takes the rate from others with tokens that are not good.
 */
#ifndef PARLEY_CHAT_RATE_H
#define PARLEY_CHAT_RATE_H

#include "chat/chat_state.h"

enum { RATE_TOLD_BYTES = 24, RATE_TOLD_PER_SECOND = 1000 };

/* Sent between instances: never renumber. */
enum rate_bucket { RATE_REQUESTS, RATE_ACCOUNTS, RATE_PASSWORDS, RATE_NAME_PASSWORDS, RATE_HOOK_POSTS, RATE_ASKS, RATE_BUCKETS };

/* is_told: others are told. */
struct rate_table *rate_table_new(bool is_told);
void rate_table_destroy(struct rate_table *t); /* accepts NULL */
/* Drops entries that were not used for so long that their buckets are full. */
void rate_table_clean(struct rate_table *t, uint64_t now_ms);
/* Appends what is to be told now. */
void rate_tell(struct rate_table *t, uint64_t now_ms, struct buf *out);
/* Takes what another instance told. False: the bytes are nothing of that kind. */
bool rate_told(struct chat *c, const uint8_t *bytes, size_t n);

/* Each returns 0, or the milliseconds to wait. */
/* A request of n bytes: counts as one, and one more for every limits.request_bytes of it. Asked before it is parsed. */
uint32_t rate_request(struct session *s, size_t n);
/* What reads or writes in all rooms of the account: counts as one request more for every few rooms. */
uint32_t rate_all_rooms(struct session *s);
/* Becoming a WebSocket, before there is a session: counts as one request of the address. */
uint32_t rate_upgrade(struct chat *c, const struct conn *conn);
/* Signing in for events, before anything is asked of the store. */
uint32_t rate_admit(struct session *s);
/* What rate_admit() let through was no sign-in. */
void rate_admit_give_back(struct chat *c);
/* Signing in to this account for events: counts as ten requests, so that few accounts cannot use up everybody's sign-ins, and as ten more for every few rooms, because
 * each room is told and gets a reader. Each of these ten counts as one among everybody's sign-ins, too. */
uint32_t rate_sign_in(struct session *s, struct user *u);
/* The budget of log lines for refused sign-ins from the session's address. Valid until the next call. */
struct trail_budget *rate_trail(const struct session *s);
uint32_t rate_account_made(struct session *s);
/* A post to the incoming webhook whose token has this hash. */
uint32_t rate_hook_post(struct chat *c, const uint8_t token_hash[SECRET_HASH_BYTES]);
/* A question to the service of a hook: counts for the room, and for who asks. */
uint32_t rate_ask(struct chat *c, const struct uid *room, const struct uid *asker);
uint32_t rate_room_made(struct session *s);
/* One attempt at this name from this address: the limit applies to the address, and eight times the limit to the name. */
uint32_t rate_password(struct session *s, const void *name_key, size_t n);

#endif
