/*
 * One webhook at work: it takes the lease, finds what the webhook is and who owns it, and then goes round: reads a page of events, posts them, stores what became of them in one move. The next
 * page is read when all of the one before is settled; a page grows while that takes less than a second.
 *
 * A fence that is another one than its own says that somebody has changed the webhook, or has its lease: what is in flight is cancelled, and it begins again with the lease.
 */
#include "base/clock.h"
#include "chat/user.h"
#include "delivery/delivery_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAGE_FIRST = 16,
	EVENT_BYTES = 4096,
	STALL_MS = 1000,
	STALL_LONG_MS = 30000,
	SAVE_MS = 1000,
	HIDDEN_MS = 1000,
	PROBE_AHEAD_MS = 1000000000
};

static uint64_t now_of(const struct delivery_worker *w)
{
	return loop_now_ms(w->deliveries->chat->loop);
}

static void timer_fired(void *arg)
{
	delivery_worker_step(arg);
}

struct delivery_worker *delivery_worker_new(struct deliveries *d, uint64_t subscription_no)
{
	uint8_t key[16];
	struct delivery_worker *w = mem_new(struct delivery_worker);
	w->deliveries = d;
	w->subscription_no = subscription_no;
	w->due_ms = UINT64_MAX;
	w->page_limit = PAGE_FIRST;
	w->move.log = BUF_INIT;
	w->timer = loop_timer_new(d->chat->loop, timer_fired, w);
	list_append(&d->workers, &w->in_all);
	id_map_key_of_no(subscription_no, key);
	id_map_put(&d->by_no, key, w);
	metric_change(&d->chat->metrics->webhooks_active, 1);
	return w;
}

/* What was read of it, but for its log, which may have attempts that are not stored yet. */
static void forget(struct delivery_worker *w)
{
	delivery_set_failing(w, false);
	if (w->owner)
		user_release(w->owner);
	w->owner = NULL;
	free(w->name);
	w->name = NULL;
	delivery_page_clear(&w->page);
	w->noted_since_ms = w->failing_since_ms = 0;
	w->n_failed_in_row = 0;
	w->disabled_why[0] = '\0';
	w->due_ms = UINT64_MAX;
	w->paused_ms = 0;
	w->stage = DELIVERY_NEEDS_LEASE;
	w->must_reset = false;
}

static void free_worker(struct delivery_worker *w)
{
	uint8_t key[16];
	struct deliveries *d = w->deliveries;
	uint64_t wanted_no = w->is_wanted ? w->subscription_no : 0;
	forget(w);
	delivery_log_finish(&w->log);
	id_map_key_of_no(w->subscription_no, key);
	id_map_remove(&d->by_no, key);
	list_remove(&w->in_all);
	loop_timer_destroy(w->timer);
	metric_change(&d->chat->metrics->webhooks_active, -1);
	free(w);
	if (wanted_no != 0)
		delivery_worker_begin(d, wanted_no);
}

static void stall(struct delivery_worker *w, int result)
{
	bool is_short = result == -ENOTCONN || result == -EAGAIN || result == -EBUSY;
	w->stalled_until_ms = now_of(w) + (is_short ? STALL_MS : STALL_LONG_MS);
}

/* ---- operations ---- */

static void leased(struct delivery_worker *w, const struct store_subscription_lease *op)
{
	if (op->how != SUBSCRIPTION_LEASE_TAKE) {
		w->has_lease = false;
		return;
	}
	w->has_lease = op->is_granted;
	w->fence = op->fence;
	w->stage = DELIVERY_NEEDS_SETTINGS;
	if (!op->is_granted)
		w->is_ending = true; /* another instance works for it */
}

static void found(struct delivery_worker *w, const struct store_webhook_find *op)
{
	const struct store_subscription *s = &op->subscription;
	if (s->fence != w->fence) {
		w->must_reset = true;
		return;
	}
	if (s->status != SUBSCRIPTION_ACTIVE || s->kind != SUBSCRIPTION_WEBHOOK || !filter_parse(&w->filter, s->filter)) {
		w->is_ending = true;
		return;
	}
	w->id = s->id;
	w->name = mem_strndup(s->name, strlen(s->name));
	w->owner_no = s->owner_no;
	w->is_ordered = s->order == SUBSCRIPTION_PER_ROOM;
	w->noted_since_ms = w->failing_since_ms = op->webhook.failing_since_ms;
	delivery_set_failing(w, w->noted_since_ms != 0); /* until it does not */
	delivery_log_read(&w->log, op->log);
	w->endpoint = delivery_endpoint_new(w->deliveries, &op->webhook);
	int64_t old_ms = op->webhook.old_until_ms - clock_wall_ms();
	w->old_until_ms = op->webhook.old_secret[0] && old_ms > 0 ? now_of(w) + (uint64_t)old_ms : 0;
	w->has_news = true;
	w->stage = w->endpoint ? DELIVERY_NEEDS_OWNER : DELIVERY_NEEDS_LEASE;
	w->is_ending |= !w->endpoint; /* there is no thread to be had */
}

static void read_page(struct delivery_worker *w, struct store_subscription_read *op)
{
	if (op->subscription.fence != w->fence || op->subscription.status != SUBSCRIPTION_ACTIVE) {
		w->must_reset = true;
		return;
	}
	w->n_waiting = op->n_waiting;
	w->n_aside = op->n_aside;
	bool with_new = !delivery_worker_waits(w);
	w->due_ms = op->next_ms == UINT64_MAX ? UINT64_MAX : now_of(w) + op->next_ms;
	if (op->n_again == 0 && op->next_ms == 0)
		w->due_ms += HIDDEN_MS; /* what is due is behind something that is not */
	else if (op->next_ms == 0)
		w->due_ms = UINT64_MAX; /* it is in the page */
	w->has_news |= op->more && (with_new ? op->n_events : op->n_again) > 0;
	w->page_begun_ms = now_of(w);
	delivery_page_fill(&w->page, w, op, &w->filter, with_new);
}

static void take(struct delivery_worker *w, struct store_op *op)
{
	if (op->kind == STORE_SUBSCRIPTION_LEASE && op->result == 0)
		leased(w, (const struct store_subscription_lease *)(const void *)op);
	else if (op->kind == STORE_WEBHOOK_FIND && op->result == 0)
		found(w, (const struct store_webhook_find *)(const void *)op);
	else if (op->kind == STORE_SUBSCRIPTION_READ && op->result == 0)
		read_page(w, (struct store_subscription_read *)(void *)op);
	else if (op->kind == STORE_SIGN_IN && op->result == 0)
		delivery_owner_found(w, (const struct store_sign_in *)(const void *)op);
	else if (op->kind == STORE_SUBSCRIPTION_MOVE) {
		delivery_moved(w, (const struct store_subscription_move *)(const void *)op);
		w->must_reset |= op->result == 0 && ((const struct store_subscription_move *)(const void *)op)->is_lost;
	}
	w->is_ending |= op->result == -ENOENT;
	if (op->result != 0)
		stall(w, op->result);
}

static void came_back(struct store_op *op)
{
	struct delivery_worker *w = op->arg;
	w->deliveries->chat->n_pending--;
	w->op = NULL;
	if (!w->is_ending && !w->must_reset)
		take(w, op);
	else if (op->kind == STORE_SUBSCRIPTION_MOVE)
		delivery_moved(w, (const struct store_subscription_move *)(const void *)op);
	else if (op->kind == STORE_SUBSCRIPTION_LEASE && op->result == 0)
		leased(w, (const struct store_subscription_lease *)(const void *)op); /* it was given back, or will be */
	else if (op->kind == STORE_SUBSCRIPTION_LEASE && op->result == -ENOENT)
		w->has_lease = false;
	else if (op->kind == STORE_SUBSCRIPTION_LEASE)
		stall(w, op->result);
	store_op_finish(op);
	free(op);
	delivery_worker_step(w);
}

bool delivery_submit(struct delivery_worker *w, void *arg, enum store_op_kind kind)
{
	struct store_op *op = arg;
	struct chat *c = w->deliveries->chat;
	op->kind = kind;
	op->done = came_back;
	op->arg = w;
	int refused = c->store->methods->submit(c->store, op);
	if (refused != 0) {
		free(op);
		stall(w, refused);
		return false;
	}
	w->op = op;
	c->n_pending++;
	return true;
}

static void submit_lease(struct delivery_worker *w, enum subscription_lease_how how)
{
	struct store_subscription_lease *op = mem_new(struct store_subscription_lease);
	op->subscription_no = w->subscription_no;
	op->how = how;
	op->holder = w->deliveries->holder;
	op->fence = w->fence;
	(void)delivery_submit(w, op, STORE_SUBSCRIPTION_LEASE);
}

static void submit_find(struct delivery_worker *w)
{
	struct store_webhook_find *op = mem_new(struct store_webhook_find);
	op->which.no = w->subscription_no;
	(void)delivery_submit(w, op, STORE_WEBHOOK_FIND);
}

static void submit_read(struct delivery_worker *w, bool is_probe)
{
	struct store_subscription_read *op = mem_new(struct store_subscription_read);
	op->which.no = w->subscription_no;
	op->limit = is_probe ? 1 : w->page_limit;
	op->ahead_ms = is_probe ? PROBE_AHEAD_MS : 0;
	w->is_probing = is_probe;
	if (is_probe)
		delivery_probe_later(w);
	op->limit_bytes = (uint64_t)w->page_limit * EVENT_BYTES;
	op->after_room_no = w->last_room_no;
	w->has_news = false;
	if (!delivery_submit(w, op, STORE_SUBSCRIPTION_READ))
		w->has_news = true;
}

/* ---- steps ---- */

/* Its endpoint goes, and with it what is in flight. False: something is still under way. */
static bool settles(struct delivery_worker *w)
{
	struct webhook_endpoint *e = w->endpoint;
	w->endpoint = NULL;
	delivery_page_drop(&w->page, false);
	w->is_settling = true;
	webhook_endpoint_destroy(e);
	w->is_settling = false;
	return !w->op && w->page.n_flying == 0;
}

/* The lease is given back first, as often as it takes: this instance renews all that it has, and nobody would work for this one. The worker may be gone afterwards. */
static void end(struct delivery_worker *w)
{
	bool may_release = w->has_lease && !w->deliveries->is_closing;
	if (!may_release)
		free_worker(w);
	else if (w->stalled_until_ms <= now_of(w))
		submit_lease(w, SUBSCRIPTION_LEASE_RELEASE);
}

/* Until something is due, or looked at early, or may be posted again, or the old secret ends. */
static void wait_for_time(struct delivery_worker *w)
{
	uint64_t now_ms = now_of(w), at_ms = w->due_ms;
	if (w->has_news && w->paused_ms > now_ms)
		at_ms = w->paused_ms;
	if (at_ms < w->paused_ms)
		at_ms = w->paused_ms;
	if (delivery_worker_probes(w) && w->probe_ms < at_ms)
		at_ms = w->probe_ms > w->paused_ms ? w->probe_ms : w->paused_ms;
	if (w->old_until_ms != 0 && w->old_until_ms < at_ms)
		at_ms = w->old_until_ms;
	if (at_ms == UINT64_MAX)
		loop_timer_stop(w->timer);
	else
		loop_timer_start(w->timer, at_ms > now_ms ? at_ms - now_ms : 1, 0);
}

static void work(struct delivery_worker *w)
{
	uint64_t now_ms = now_of(w);
	if (w->page.n_items > 0 || w->disabled_why[0]) {
		if (w->page.n_queued + w->page.n_flying > 0)
			return;
		if (delivery_move_submit(w, w->is_leaving || w->disabled_why[0]) || w->stalled_until_ms > now_ms)
			return;
		delivery_page_ends(w); /* there was nothing to store */
	}
	if (w->is_leaving) {
		if (!(w->log.is_dirty && delivery_move_submit(w, true)))
			delivery_worker_end(w, false);
		return;
	}
	bool is_due = w->has_news || w->due_ms <= now_ms;
	bool is_probe = !is_due && delivery_worker_probes(w) && w->probe_ms <= now_ms;
	if ((is_due || is_probe) && w->paused_ms <= now_ms)
		submit_read(w, is_probe);
	if (!w->op)
		wait_for_time(w);
}

void delivery_worker_step(struct delivery_worker *w)
{
	if (w->is_settling)
		return;
	if (w->old_until_ms != 0 && w->old_until_ms <= now_of(w))
		w->must_reset = true; /* it signs with one secret from now on */
	if (w->is_ending || w->must_reset) {
		w->old_until_ms = 0;
		if (!settles(w))
			return;
		if (w->is_ending) {
			end(w);
			return;
		}
		forget(w);
	}
	if (w->stage == DELIVERY_WORKS)
		delivery_post_items(w);
	if (w->op || w->stalled_until_ms > now_of(w))
		return;
	switch (w->stage) {
	case DELIVERY_NEEDS_LEASE:
		submit_lease(w, SUBSCRIPTION_LEASE_TAKE);
		break;
	case DELIVERY_NEEDS_SETTINGS:
		submit_find(w);
		break;
	case DELIVERY_NEEDS_OWNER:
		if (!delivery_owner_find(w))
			break;
		w->stage = DELIVERY_WORKS;
		work(w);
		break;
	case DELIVERY_WORKS:
		work(w);
		break;
	}
}

void delivery_worker_reset(struct delivery_worker *w)
{
	/* What it is about to end for may not be true any more. */
	if (w->is_leaving || w->is_ending) {
		w->is_wanted = true;
		return;
	}
	w->must_reset = true;
	w->stalled_until_ms = 0;
	delivery_worker_step(w);
}

void delivery_worker_end(struct delivery_worker *w, bool now)
{
	bool may_wait = !now && w->stage == DELIVERY_WORKS && !w->is_leaving;
	w->is_leaving |= may_wait;
	w->is_ending |= !may_wait;
	delivery_worker_step(w);
}

bool delivery_worker_is_idle(const struct delivery_worker *w)
{
	return w->stage == DELIVERY_WORKS && !w->op && w->page.n_items == 0 && !w->is_ending && !w->must_reset;
}

void delivery_worker_second(struct delivery_worker *w, unsigned *n_logs_left)
{
	uint64_t now_ms = now_of(w);
	if (w->owner && w->owner->is_void) {
		delivery_worker_end(w, true);
		return;
	}
	bool may_move = w->stage == DELIVERY_WORKS && !w->op && !w->is_ending && !w->must_reset && w->stalled_until_ms <= now_ms;
	if (may_move && w->page.n_flying > 0 && now_ms - w->moved_ms >= SAVE_MS)
		(void)delivery_move_submit(w, false);
	else if (may_move && w->page.n_items == 0 && w->log.is_dirty && *n_logs_left > 0 && delivery_move_submit(w, true))
		--*n_logs_left;
	if (!w->op && w->stalled_until_ms != 0 && w->stalled_until_ms <= now_ms) {
		w->stalled_until_ms = 0;
		delivery_worker_step(w);
	}
}
