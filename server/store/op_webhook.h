/*
 * The operations about outgoing webhooks, beside those of subscriptions (op_subscription.h), which they are. store_op.h tells what holds for all operations.
 *
 * One instance at a time works for a webhook: whoever has its lease. It is taken for one subscription (STORE_SUBSCRIPTION_LEASE), and all of an instance are renewed at once. Where
 * nobody else writes to the store the lease needs no renewal: everybody has the same holder there (webhook_only_holder()).
 */
#ifndef PARLEY_STORE_OP_WEBHOOK_H
#define PARLEY_STORE_OP_WEBHOOK_H

#include "store/op_subscription.h"
#include "store/store_op.h"

#include <string.h>

enum { STORE_WEBHOOKS_FREE_MAX = 256, STORE_WEBHOOK_REPLAYED_MAX = 1000 };

static inline struct uid webhook_only_holder(void)
{
	return (struct uid){.b = {0}};
}

struct store_webhook {
	char *url, *secret;                       /* owned by the operation that holds it, like the others */
	char *old_secret, *ca, *headers, *reason; /* "": none; headers is a JSON object */
	int64_t old_until_ms, failing_since_ms;   /* Unix time; 0: it does not fail */
};

static inline void store_webhook_finish(struct store_webhook *w)
{
	free(w->url);
	if (w->secret)
		secret_wipe(w->secret, strlen(w->secret));
	if (w->old_secret)
		secret_wipe(w->old_secret, strlen(w->old_secret));
	free(w->secret);
	free(w->old_secret);
	free(w->ca);
	free(w->headers);
	free(w->reason);
	*w = (struct store_webhook){0};
}

/* STORE_WEBHOOK_FIND: a webhook with its log. -ENOENT. */
struct store_webhook_find {
	struct store_op op;
	struct subscription_ref which;
	/* out */
	struct store_subscription subscription;
	struct store_webhook webhook;
	char *log; /* a JSON array */
};
STORE_OP(webhook_find, READ, OWNS, NO_ROOM);
static inline void store_webhook_find_finish(struct store_webhook_find *op)
{
	store_subscription_finish(&op->subscription);
	store_webhook_finish(&op->webhook);
	free(op->log);
	op->log = NULL;
}

/* STORE_WEBHOOK_PAGE: those of page.owner_no, as STORE_SUBSCRIPTION_PAGE gives them. */
struct store_webhook_page {
	struct store_op op;
	struct store_subscription_page page;
	struct store_webhook *webhooks; /* out: of page.listed; url NULL: it went meanwhile */
};
STORE_OP(webhook_page, READ, OWNS, NO_ROOM);
static inline void store_webhook_page_finish(struct store_webhook_page *op)
{
	for (size_t i = 0; op->webhooks && i < op->page.n_listed; i++)
		store_webhook_finish(&op->webhooks[i]);
	free(op->webhooks);
	op->webhooks = NULL;
	store_subscription_page_finish(&op->page);
}

/* STORE_WEBHOOK_FREE: those to be delivered for which nobody works, in the order of their numbers; and the fences of some others, which tell whether they have changed. */
struct store_webhook_free {
	struct store_op op;
	uint64_t after_no;
	const int64_t *known_nos; /* n_known of each */
	uint64_t *fences;         /* out; the caller's; 0: it is not there any more */
	size_t n_known;
	/* out */
	int64_t nos[STORE_WEBHOOKS_FREE_MAX];
	size_t n_nos;
	bool more;
};
STORE_OP(webhook_free, READ, NOTHING, NO_ROOM);

/* STORE_WEBHOOK_RENEW: the leases of this holder that are not over last SUBSCRIPTION_LEASE_MS from now. */
struct store_webhook_renew {
	struct store_op op;
	struct uid holder;
};
STORE_OP(webhook_renew, WRITE, NOTHING, NO_ROOM);

/* STORE_WEBHOOK_REPLAY: events before the cursor wait again, due now, with all their tries: those from one seq of a room to another, at most STORE_WEBHOOK_REPLAYED_MAX; or, where room_no is 0,
 * one by its id, among those that wait or are set aside. Raises the fence. -ENOENT. */
struct store_webhook_replay {
	struct store_op op;
	uint64_t subscription_no;
	uint64_t at_room_no, from_seq, to_seq;
	struct uid event;
	uint64_t n_replayed; /* out */
};
STORE_OP(webhook_replay, WRITE, NOTHING, NO_ROOM);

#endif
