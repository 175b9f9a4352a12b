/*
 * The operations about subscriptions: who reads the logs of rooms with a cursor that the store keeps. A consumer is read from, a webhook is posted to. store_op.h tells what
 * holds for all operations.
 *
 * The log is the outbox: of each room its owner is a member of, what is behind the cursor is to be handed out. Stored besides are only exceptions: what was handed out and not
 * acknowledged. It comes back after a time, and is set aside in the end. A subscription may read what its owner may read, who may read server-wide events (server_events.h) while owning the
 * server: they count as a room here. When a membership ends, the cursor and the
 * exceptions of that room go with it (batch_end_membership()).
 *
 * The fence: who moves cursors or changes exceptions names the fence that it read. It is raised by whoever takes what is to be handed out next (STORE_SUBSCRIPTION_MOVE with `takes`),
 * by whoever takes the lease, by seeking and changing, and where the owner leaves a room. A move with an older fence does nothing (is_lost): of two who read the same events one
 * hands them out, and who read a room that is lost meanwhile hands out nothing of it.
 *
 * Times are those of the database's clock, so that clocks of instances that differ do no harm.
 */
#ifndef PARLEY_STORE_OP_SUBSCRIPTION_H
#define PARLEY_STORE_OP_SUBSCRIPTION_H

#include "store/store_op.h"

enum subscription_kind { SUBSCRIPTION_CONSUMER = 0, SUBSCRIPTION_WEBHOOK = 1 };    /* stored */
enum subscription_order { SUBSCRIPTION_ANY_ORDER = 0, SUBSCRIPTION_PER_ROOM = 1 }; /* stored */
enum subscription_status { SUBSCRIPTION_ACTIVE = 0, SUBSCRIPTION_DISABLED = 1 };   /* stored */
enum subscription_state {
	SUBSCRIPTION_EVENT_WAITS = 0,
	SUBSCRIPTION_EVENT_ASIDE = 1,
	SUBSCRIPTION_EVENT_DONE = 2
}; /* stored, but the last */

/* A lease is renewed and looked for well within the rest of 15 seconds (delivery/). */
enum { SUBSCRIPTION_LEASE_MS = 10000, SUBSCRIPTION_ROOMS_AT_ONCE = 64 };

/* Where a subscription begins in its rooms: behind all that was committed before this time (Unix time in milliseconds). */
#define SUBSCRIPTION_FROM_START INT64_C(0)
#define SUBSCRIPTION_FROM_END INT64_MAX

struct store_subscription {
	uint64_t no, owner_no;
	struct uid id;
	enum subscription_kind kind;
	enum subscription_order order;
	enum subscription_status status;
	char *name, *filter; /* owned by the operation that holds it; filter is JSON */
	uint64_t ack_wait_ms, max_tries, fence;
	struct uid lease_holder; /* while is_leased */
	bool is_leased;
	int64_t created_ms;
};
static inline void store_subscription_finish(struct store_subscription *s)
{
	free(s->name);
	free(s->filter);
	s->name = s->filter = NULL;
}

/* Which one is meant: by number; or of an owner by its id, or its name. */
struct subscription_ref {
	uint64_t no; /* 0: by the others */
	uint64_t owner_no;
	enum subscription_kind kind;
	struct uid id;
	struct text name; /* s NULL: by its id alone */
};

struct subscription_cursor {
	uint64_t room_no, seq;
};

/* An event that is handed out, or was. */
struct subscription_event {
	struct event *event; /* owned by the operation that holds it */
	uint64_t tries;      /* 0: it was never handed out */
	uint64_t delivery;   /* what it was handed out as */
	char *worker;        /* to whom; NULL: not asked for. Owned by the operation that holds it */
};
static inline void store_subscription_events_finish(struct subscription_event **events, size_t *n)
{
	for (size_t i = 0; i < *n; i++) {
		event_free((*events)[i].event);
		free((*events)[i].worker);
	}
	free(*events);
	*events = NULL;
	*n = 0;
}

/* Of a subscription that is a webhook (op_webhook.h). */
struct webhook_given {
	struct text url, ca, headers, secret; /* s NULL, of a change: as it is */
	int64_t old_until_ms;                 /* of a change with a secret: until then the one before signs too */
};

/* STORE_SUBSCRIPTION_CREATE: begins behind all that was committed before from_ms, in all that the owner may read. -EEXIST: the owner has one of this kind and name. -EDQUOT: the
 * owner has `most` of this kind. */
struct store_subscription_create {
	struct store_op op;
	struct uid id;
	uint64_t owner_no;
	enum subscription_kind kind;
	enum subscription_order order;
	struct text name, filter;
	uint64_t ack_wait_ms, max_tries;
	uint64_t most; /* 0: any number */
	int64_t from_ms;
	const struct webhook_given *webhook; /* NULL: it is none */
	/* out */
	uint64_t subscription_no;
	int64_t created_ms;
};
STORE_OP(subscription_create, WRITE, NOTHING, NO_ROOM);

/* STORE_SUBSCRIPTION_UPDATE: s NULL, 0 and below 0 leave things as they are. -ENOENT. -EEXIST: the owner has another one of this name. */
struct store_subscription_update {
	struct store_op op;
	uint64_t subscription_no;
	struct text name, filter;
	uint64_t ack_wait_ms, max_tries;
	int order, status;                   /* below 0: as it is; a webhook that becomes active fails no more */
	const struct webhook_given *webhook; /* NULL: as it is */
};
STORE_OP(subscription_update, WRITE, NOTHING, NO_ROOM);

/* STORE_SUBSCRIPTION_DELETE. -ENOENT. */
struct store_subscription_delete {
	struct store_op op;
	uint64_t subscription_no;
};
STORE_OP(subscription_delete, WRITE, NOTHING, NO_ROOM);

/* STORE_SUBSCRIPTION_SEEK: puts the cursor of one room, or of all, to a seq or behind all that was committed before a time. What waits there to be handed out again is forgotten; what is set
 * aside stays where the cursor is behind it. -ENOENT. */
struct store_subscription_seek {
	struct store_op op;
	uint64_t subscription_no;
	uint64_t at_room_no; /* 0: all that the owner may read */
	bool to_seq;         /* of a room: seq counts, at most the room's newest. False: from_ms does */
	uint64_t seq;
	int64_t from_ms;
};
STORE_OP(subscription_seek, WRITE, NOTHING, NO_ROOM);

/* STORE_SUBSCRIPTION_MOVE: cursors go on, and exceptions change, all at once. -ENOENT. */
struct store_subscription_move {
	struct store_op op;
	uint64_t subscription_no, fence;
	bool takes;         /* raises the fence */
	struct text worker; /* to whom events are handed out; what is set aside keeps who had it last */
	const struct subscription_cursor *cursors;
	size_t n_cursors;
	const struct subscription_change {
		uint64_t room_no, seq;
		enum subscription_state state;
		uint64_t tries, wait_ms; /* of what waits: it comes back in wait_ms */
		uint64_t delivery;       /* names this time: above 0, and another one each time, where it is to be acknowledged by it */
	} * changes;                     /* each event once */
	size_t n_changes;
	const struct webhook_state {
		bool disables;
		bool recovers; /* what waits is due now */
		struct text reason;
		int64_t failing_since_ms;
	} * webhook;     /* of a webhook; NULL: as it is */
	struct text log; /* of a webhook; s NULL: as it is */
	/* out */
	bool is_lost; /* the fence is another one; nothing was changed */
};
STORE_OP(subscription_move, WRITE, NOTHING, NO_ROOM);

/* STORE_SUBSCRIPTION_ACK: forgets what was handed out as one of these deliveries, what waits up to these seqs, and what waits of one worker's up to a delivery. One that was handed out again has another delivery. -ENOENT. */
struct store_subscription_ack {
	struct store_op op;
	uint64_t subscription_no;
	const int64_t *deliveries;
	size_t n_deliveries;
	const int64_t *rooms, *seqs; /* n_rooms of each */
	size_t n_rooms;
	struct text worker; /* s NULL: none */
	uint64_t up_to;
	uint64_t n_acknowledged; /* out */
};
STORE_OP(subscription_ack, WRITE, NOTHING, NO_ROOM);

/* STORE_SUBSCRIPTION_REPLAY: what is set aside waits again, due now, with all its tries: those of these deliveries, or all. -ENOENT. */
struct store_subscription_replay {
	struct store_op op;
	uint64_t subscription_no;
	bool all;
	const int64_t *deliveries;
	size_t n_deliveries;
	uint64_t n_replayed; /* out */
};
STORE_OP(subscription_replay, WRITE, NOTHING, NO_ROOM);

/* STORE_SUBSCRIPTION_LEASE: one instance at a time works for a subscription. A lease lasts SUBSCRIPTION_LEASE_MS and is taken, renewed, or given back; it can be taken when it is over,
 * or one's own. Who takes it raises the fence. One's own is given back whatever the fence is. -ENOENT. */
struct store_subscription_lease {
	struct store_op op;
	uint64_t subscription_no;
	enum subscription_lease_how { SUBSCRIPTION_LEASE_TAKE, SUBSCRIPTION_LEASE_RENEW, SUBSCRIPTION_LEASE_RELEASE } how;
	struct uid holder;
	uint64_t fence;  /* when it was taken; out: of one that is taken */
	bool is_granted; /* out; false: another one has it, or the lease of this fence is over */
};
STORE_OP(subscription_lease, WRITE, NOTHING, NO_ROOM);

/* STORE_SUBSCRIPTION_FIND. -ENOENT. */
struct store_subscription_find {
	struct store_op op;
	struct subscription_ref which;
	struct store_subscription subscription; /* out */
};
STORE_OP(subscription_find, READ, OWNS, NO_ROOM);
static inline void store_subscription_find_finish(struct store_subscription_find *op)
{
	store_subscription_finish(&op->subscription);
}

/* STORE_SUBSCRIPTION_PAGE: those of an owner, or all, in the order in which they were made. */
struct store_subscription_page {
	struct store_op op;
	uint64_t owner_no; /* 0: of everybody */
	enum subscription_kind kind;
	uint64_t after_no, limit;
	/* out */
	struct store_subscription_listed {
		struct store_subscription subscription;
		uint64_t n_waiting, n_aside;
		uint64_t n_behind; /* events of its rooms behind the cursors, before the filter */
	} * listed;
	size_t n_listed;
	bool more;
};
STORE_OP(subscription_page, READ, OWNS, NO_ROOM);
static inline void store_subscription_page_finish(struct store_subscription_page *op)
{
	for (size_t i = 0; i < op->n_listed; i++)
		store_subscription_finish(&op->listed[i].subscription);
	free(op->listed);
	op->listed = NULL;
	op->n_listed = 0;
}

/* STORE_SUBSCRIPTION_READ: what is to be handed out next, before the filter: first what comes back, then events behind the cursors, a share of each of the rooms that have some. The events
 * of a room are contiguous. Where the order is per_room, a room has nothing behind an event that waits. -ENOENT: no such subscription. -EACCES: the token is not good any more. A room whose next event is damaged has none; the store notes it. */
struct store_subscription_read {
	struct store_op op;
	struct subscription_ref which;
	bool by_token; /* the token is looked at as well */
	uint8_t token_hash[SECRET_HASH_BYTES];
	uint64_t after_room_no;      /* rooms with higher numbers come first */
	uint64_t limit, limit_bytes; /* events, and bytes of their JSON; at least one event is given */
	uint64_t ahead_ms;           /* what waits is given so long before it is due */
	/* out */
	struct store_subscription subscription;
	struct subscription_event *events;
	size_t n_again, n_events; /* the first n_again come back */
	bool more;                /* there is more than this */
	uint64_t n_waiting, n_aside;
	uint64_t next_ms; /* from now the first of those that wait is due; UINT64_MAX: none waits */
};
STORE_OP(subscription_read, READ, OWNS, NO_ROOM);
static inline void store_subscription_read_finish(struct store_subscription_read *op)
{
	store_subscription_finish(&op->subscription);
	store_subscription_events_finish(&op->events, &op->n_events);
	op->n_again = 0;
}

/* STORE_SUBSCRIPTION_ASIDE: what is set aside, in the order of its deliveries. */
struct store_subscription_aside {
	struct store_op op;
	uint64_t subscription_no;
	uint64_t after_delivery;
	uint64_t limit, limit_bytes;
	/* out */
	struct subscription_event *events;
	size_t n_events;
	bool more;
};
STORE_OP(subscription_aside, READ, OWNS, NO_ROOM);
static inline void store_subscription_aside_finish(struct store_subscription_aside *op)
{
	store_subscription_events_finish(&op->events, &op->n_events);
}

/* STORE_SUBSCRIPTION_NEWS: which of these have something to hand out, before the filter, or are not there any more. One question for all of them. */
struct store_subscription_news {
	struct store_op op;
	const int64_t *subscription_nos;
	bool *has_news; /* out; the caller's, as long as subscription_nos */
	size_t n_subscriptions;
};
STORE_OP(subscription_news, READ, NOTHING, NO_ROOM);

/* STORE_SUBSCRIPTION_LAG: how far those that are active are behind, before their filters. */
struct store_subscription_lag {
	struct store_op op;
	/* out */
	uint64_t n_behind, n_behind_most; /* events: of all, and of the one that has most */
	uint64_t oldest_age_ms;           /* of the oldest of these events, by the database's clock */
};
STORE_OP(subscription_lag, SLOW_READ, NOTHING, NO_ROOM);

#endif
