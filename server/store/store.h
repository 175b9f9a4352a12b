/*
 * What chat asks of a store; server/store/ has the answers.
 */
#ifndef PARLEY_STORE_STORE_H
#define PARLEY_STORE_STORE_H

#include "store/ops.h"
#include "store/store_op.h"

enum { STORE_EPOCH_BYTES = 12, STORE_WHY_BYTES = 200 };

/* Whom the store tells what happens to it, on the loop thread (store_state.h); a member may be NULL. */
struct store_watcher {
	void (*away)(void *arg);     /* store->is_away has changed */
	void (*restored)(void *arg); /* store->epoch has changed */
	void *arg;
};

/* All but the methods is of the loop thread, and changed by store_state.h once the chat has begun. */
struct store {
	const struct store_methods *methods;
	/* Names this history of the logs, until the store goes back to an earlier state (a restored backup): then it is another one, and what
	 * clients know of seqs is void. Letters and digits with a NUL. */
	char epoch[STORE_EPOCH_BYTES + 1];
	bool has_owner;                 /* the server had one when this epoch began */
	bool is_shared;                 /* other processes write to it as well: STORE_ROOM_TOPS finds what they committed */
	bool is_away;                   /* the database cannot be reached */
	char away_why[STORE_WHY_BYTES]; /* while it is away: the host and the reason, for the operator; no password */
	uint32_t away_retry_ms;         /* while it is away: asking again sooner is of no use */
	uint64_t away_since_ms;         /* monotonic */
	struct store_watcher watcher;
};
struct store_methods {
	/* 0; -EBUSY when too much waits already; -ENOTCONN when the database is away (op->done is not called then). */
	int (*submit)(struct store *s, struct store_op *op) __attribute__((warn_unused_result));
	/* Finishes what was submitted (done() calls are posted to the loop; run it once more), closes. */
	void (*destroy)(struct store *s);
};

#endif
