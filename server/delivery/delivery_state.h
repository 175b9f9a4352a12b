/*
 * What the files of delivery/ share. Everything belongs to the loop thread.
 *
 *   deliveries 1─* worker 1─1 page 1─* item
 */
#ifndef PARLEY_DELIVERY_DELIVERY_STATE_H
#define PARLEY_DELIVERY_DELIVERY_STATE_H

#include "delivery/deliveries.h"
#include "delivery/delivery_log.h"
#include "delivery/delivery_page.h"
#include "subscription/filter.h"

enum { DELIVERY_TURN_ROOMS_MAX = 64, DELIVERY_ASKED_MAX = 1000 };

struct deliveries {
	struct chat_watcher watcher; /* first: the chat knows this */
	struct chat *chat;
	struct delivery_config config;
	struct webhook_sender *sender; /* NULL: nothing was posted yet */
	char epoch[STORE_EPOCH_BYTES + 1];
	struct uid holder;
	struct list workers;                       /* delivery_worker.in_all */
	struct id_map by_no;                       /* the same, by the subscription's number */
	struct list pings;                         /* ping.in_all */
	struct uid rooms[DELIVERY_TURN_ROOMS_MAX]; /* with events in this turn */
	size_t n_rooms;                            /* DELIVERY_TURN_ROOMS_MAX: all may have some */
	bool has_server_event;                     /* the same of server-wide events */
	/* Questions for all workers, each under way once. */
	struct store_webhook_free find;
	struct store_webhook_renew renew;
	struct store_subscription_news news;
	bool is_finding, is_renewing, is_asking;
	bool has_found; /* where nobody else writes: all of them */
	int64_t known[DELIVERY_ASKED_MAX];
	uint64_t fences[DELIVERY_ASKED_MAX];
	int64_t asked[DELIVERY_ASKED_MAX];
	bool has_news[DELIVERY_ASKED_MAX];
	uint64_t found_ms, renewed_ms;
	bool is_closing;
};

enum delivery_stage { DELIVERY_NEEDS_LEASE, DELIVERY_NEEDS_SETTINGS, DELIVERY_NEEDS_OWNER, DELIVERY_WORKS };

/* What a move points to, and what becomes of the worker when it is made. */
struct delivery_move {
	struct subscription_cursor *cursors;
	struct subscription_change *changes;
	struct webhook_state state;
	struct buf log;
	bool has_state;
};

struct delivery_worker {
	struct list in_all;
	struct deliveries *deliveries;
	uint64_t subscription_no;
	enum delivery_stage stage;
	struct store_op *op; /* under way; NULL */
	uint64_t fence;
	bool has_lease;   /* as far as it knows: it gives it back before it ends */
	bool must_reset;  /* what was read is void: it begins again with the lease */
	bool is_leaving;  /* it ends when what is under way is answered */
	bool is_ending;   /* what is under way is not waited for either */
	bool is_wanted;   /* it has changed while it was leaving or ending: somebody works for it again when it has ended */
	bool is_settling; /* its endpoint is being destroyed: nothing else is done meanwhile */
	uint64_t stalled_until_ms;

	/* What it is, once found. */
	struct uid id;
	char *name;
	uint64_t owner_no;
	struct user *owner;            /* held */
	uint64_t n_unloads, n_changes; /* when the store was asked for the owner */
	bool is_ordered;
	struct filter filter;
	struct webhook_endpoint *endpoint;
	uint64_t old_until_ms; /* the old secret signs until then; 0: there is none */

	/* How it goes. */
	struct delivery_page page;
	struct delivery_move move;
	struct delivery_log log;
	uint64_t moved_ms;
	uint32_t page_limit;
	uint64_t page_begun_ms;
	bool has_news;
	uint64_t n_waiting, n_aside;
	uint64_t due_ms;    /* something is tried again then; UINT64_MAX: nothing is */
	uint64_t paused_ms; /* nothing is posted before */
	uint64_t probe_ms;  /* while it fails, what waits is looked at then, due or not */
	bool is_probing;    /* what was read last was not due */
	uint64_t n_handed;
	uint64_t last_room_no; /* that was read: those behind it come first in the next page */
	unsigned n_failed_in_row;
	bool is_failing;                          /* many in a row */
	int64_t failing_since_ms, noted_since_ms; /* Unix time; 0: it does not fail; and what the store knows of that */
	char disabled_why[120];                   /* "": it is not */
	struct loop_timer *timer;
};

/* NULL where there are none (deliveries_begin()). */
struct deliveries *deliveries_of(struct chat *c);

/* deliveries.c: works for it, unless somebody does. */
void delivery_worker_begin(struct deliveries *d, uint64_t subscription_no);

struct delivery_worker *delivery_worker_new(struct deliveries *d, uint64_t subscription_no);
/* Does what there is to do. The worker may be gone afterwards. */
void delivery_worker_step(struct delivery_worker *w);
/* Something of it has changed. The worker may be gone afterwards. */
void delivery_worker_reset(struct delivery_worker *w);
/* It ends: soon, after what is in flight; or with `now` at once. The worker may be gone afterwards. */
void delivery_worker_end(struct delivery_worker *w, bool now);
/* Once a second. The worker may be gone afterwards. */
void delivery_worker_second(struct delivery_worker *w, unsigned *n_logs_left);
/* It works, and nothing of it is under way: it may be asked whether it has news. */
bool delivery_worker_is_idle(const struct delivery_worker *w);
/* Whether new events are of no use to it now. */
bool delivery_worker_waits(const struct delivery_worker *w);
/* It fails: the first that waits is tried at probe_ms, and then each webhook_probe_ms(), which is no attempt of those that it has. */
bool delivery_worker_probes(const struct delivery_worker *w);

/* delivery_post.c */
void delivery_post_items(struct delivery_worker *w);
/* Submits what is done and not stored yet. False: there is nothing, or the store takes nothing now. */
bool delivery_move_submit(struct delivery_worker *w, bool with_log);
/* All of the page is settled and stored, or dropped. */
void delivery_page_ends(struct delivery_worker *w);
/* A move has come back. */
void delivery_moved(struct delivery_worker *w, const struct store_subscription_move *op);

/* delivery_owner.c: asks for the owner until memory has him. False: the store takes nothing now. */
bool delivery_owner_find(struct delivery_worker *w);
void delivery_owner_found(struct delivery_worker *w, const struct store_sign_in *op);

/* delivery_trouble.c: tells the owner's sessions. */
void delivery_probe_later(struct delivery_worker *w); /* by webhook_probe_ms() */
void delivery_set_failing(struct delivery_worker *w, bool is_failing);
void delivery_tell(struct delivery_worker *w, enum event_type type, const char *reason);

/* delivery_endpoint.c */
struct webhook_sender *delivery_sender(struct deliveries *d);
struct webhook_endpoint *delivery_endpoint_new(struct deliveries *d, const struct store_webhook *w);

/* delivery_ping.c: ends those that are under way. */
void delivery_pings_end(struct deliveries *d);

/* Submits an operation of the worker's, which is freed when it came back. */
bool delivery_submit(struct delivery_worker *w, void *op, enum store_op_kind kind);

#endif
