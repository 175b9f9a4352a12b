/*
 * Outgoing webhooks at work: each subscription of kind webhook whose lease this instance has is worked for here (delivery_worker.h). The log of a room is the outbox: a message costs its
 * sender nothing here.
 *
 * Who is worked for: what the store says at the start, and whoever is named by deliveries_wake(). Where others write to the store, it is asked every DELIVERIES_FIND_MS for webhooks without
 * a lease and whether those that are worked for here were changed through another instance, and leases are renewed every DELIVERIES_RENEW_MS: what an instance leaves when it dies another one has SUBSCRIPTION_LEASE_MS + DELIVERIES_FIND_MS later at most. An instance that ends
 * gives its leases back.
 *
 * What wakes a worker: an event that leaves the feed of a room its owner is a member of, at the end of the turn; the time at which something is tried again; and where others write to
 * the store, one question a second for all workers, of rooms that nobody follows here.
 *
 * A server that has no webhook has no sender, which has a thread. Owner: struct chat, as its watcher. Loop thread only.
 */
#ifndef PARLEY_DELIVERY_DELIVERIES_H
#define PARLEY_DELIVERY_DELIVERIES_H

#include "chat/chat_state.h"
#include "store/op_webhook.h"
#include "webhook/webhook_schedule.h"
#include "webhook/webhook_sender.h"

enum { DELIVERIES_FIND_MS = 2000, DELIVERIES_RENEW_MS = 3000 };

/* Pings are not part of what one endpoint may have in flight, so they are bounded: in all, and of one owner. */
enum { DELIVERIES_PINGS_MAX = 32, DELIVERIES_PINGS_OF_OWNER_MAX = 4 };

struct delivery_config {
	struct webhook_policy policy; /* its array stays the caller's until the chat is destroyed */
	struct webhook_schedule schedule;
};

/* Without this no webhook is worked for, and none can be reached. */
void deliveries_begin(struct chat *c, const struct delivery_config *config);

/* Returns NULL, or what is wrong with the URL, as the end of "the URL …". It ends with a NUL and has none in it. */
const char *deliveries_url_check(struct chat *c, const char *url);
/* The webhook is new, or something of it has changed: what was read of it is read again. */
void deliveries_wake(struct chat *c, uint64_t subscription_no);
/* Appends the log of a webhook that is worked for here, a JSON array, the newest last. False: it is not, or nothing was tried. */
bool deliveries_log(struct chat *c, uint64_t subscription_no, struct buf *out);

/* Posts webhook.ping, not waiting for its turn, and calls then(arg, o) once; NULL: nobody wants to know. What it reads is free again when it returns. False: too many of them are under way, and then() is
 * not called. */
bool deliveries_ping(struct chat *c, const struct store_subscription *s, const struct store_webhook *w,
		     void (*then)(void *arg, const struct webhook_outcome *o), void *arg);

#endif
