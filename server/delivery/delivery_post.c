/* What a worker posts, what becomes of it, and how that is stored. */
#include "base/clock.h"
#include "delivery/delivery_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After so many failures in a row nothing new is tried: what failed is, at its times, and the first of it as a probe (webhook_probe_ms()). */
enum { FAILED_IN_ROW = 5, LOG_STORED_MS = 1000, SPEED_MS = 1000, PAGE_MAX = 256, PAGE_MIN = 8 };

static struct metrics *metrics_of(const struct delivery_worker *w)
{
	return w->deliveries->chat->metrics;
}

bool delivery_worker_probes(const struct delivery_worker *w)
{
	return w->is_failing && w->n_waiting > 0;
}

bool delivery_worker_waits(const struct delivery_worker *w)
{
	uint64_t most = w->deliveries->chat->config.limits.consumer_waiting;
	return delivery_worker_probes(w) || (most != 0 && w->n_waiting >= most);
}

static void disable(struct delivery_worker *w, const char *why)
{
	if (w->disabled_why[0])
		return;
	snprintf(w->disabled_why, sizeof(w->disabled_why), "%s", why);
	delivery_page_drop(&w->page, false);
}

static void delivered(struct delivery_worker *w, const struct event *e, int64_t now_ms)
{
	int64_t delay_ms = now_ms - e->timestamp_ms;
	metric_add(&metrics_of(w)->webhook_delivered_total, 1);
	metric_observe(&metrics_of(w)->webhook_delay_seconds, delay_ms > 0 ? (uint64_t)delay_ms * 1000000 : 0);
	if (w->is_failing) {
		w->has_news = true; /* what was not looked at meanwhile */
		delivery_set_failing(w, false);
		delivery_tell(w, EVENT_WEBHOOK_RECOVERED, NULL);
	}
	w->n_failed_in_row = 0;
	w->failing_since_ms = 0;
}

/* A whole schedule of failures, with its part of chance. */
static bool has_failed_long(const struct delivery_worker *w, int64_t now_ms)
{
	uint64_t long_ms = webhook_schedule_ms(&w->deliveries->config.schedule) / 10 * 9;
	return w->is_failing && now_ms - w->failing_since_ms > (int64_t)long_ms;
}

static void failed(struct delivery_worker *w, int64_t now_ms)
{
	metric_add(&metrics_of(w)->webhook_failed_total, 1);
	if (w->failing_since_ms == 0)
		w->failing_since_ms = now_ms;
	if (++w->n_failed_in_row >= FAILED_IN_ROW && !w->is_failing) {
		delivery_set_failing(w, true);
		delivery_tell(w, EVENT_WEBHOOK_FAILING, NULL);
	}
	if (w->is_failing)
		delivery_page_drop(&w->page, true);
	if (has_failed_long(w, now_ms))
		disable(w, "nothing was delivered for as long as an event is tried");
}

/* What is set aside is bounded; beyond that it is tried again, as late as there is. */
static void set_aside(struct delivery_worker *w, struct delivery_item *item)
{
	uint64_t most = w->deliveries->chat->config.limits.consumer_set_aside;
	bool is_full = most != 0 && w->n_aside >= most;
	item->state = is_full ? DELIVERY_ITEM_FAILED : DELIVERY_ITEM_ASIDE;
	item->wait_ms = (uint64_t)WEBHOOK_RETRY_AFTER_MAX_S * 1000;
	if (is_full)
		return;
	w->n_aside++;
	metric_add(&metrics_of(w)->webhook_set_aside_total, 1);
}

static void settle(struct delivery_item *item, const struct webhook_outcome *o)
{
	struct delivery_worker *w = item->worker;
	int64_t now_ms = clock_wall_ms();
	const struct webhook_next next =
		webhook_next_of(&w->deliveries->config.schedule, o, (unsigned)item->tries + 1, now_ms, secret_random_below(UINT32_MAX));
	bool is_early = w->is_probing; /* it has an attempt at its time */
	item->state = DELIVERY_ITEM_DROPPED;
	if (next.step == WEBHOOK_AGAIN)
		return;
	item->tries++;
	delivery_log_add(&w->log, item->event, item->tries, o, now_ms);
	metric_observe(&metrics_of(w)->webhook_seconds, o->latency_us * 1000);
	switch (next.step) {
	case WEBHOOK_DELIVERED:
		item->state = DELIVERY_ITEM_DONE;
		delivered(w, item->event, now_ms);
		break;
	case WEBHOOK_RETRY:
		item->state = is_early ? DELIVERY_ITEM_DROPPED : DELIVERY_ITEM_FAILED;
		item->wait_ms = next.after_ms;
		failed(w, now_ms);
		break;
	case WEBHOOK_GIVEN_UP:
		if (!is_early)
			set_aside(w, item);
		failed(w, now_ms);
		break;
	case WEBHOOK_DISABLE:
		disable(w, "it answered 410 Gone");
		break;
	case WEBHOOK_AGAIN:
		break;
	}
	uint64_t until_ms = loop_now_ms(w->deliveries->chat->loop) + next.pause_ms;
	if (next.pause_ms > 0 && until_ms > w->paused_ms)
		w->paused_ms = until_ms;
}

static void posted(void *arg, const struct webhook_outcome *o)
{
	struct delivery_item *item = arg;
	struct delivery_worker *w = item->worker;
	w->page.n_flying--;
	settle(item, o);
	delivery_worker_step(w);
}

static bool post(struct delivery_item *item)
{
	char id[UID_TEXT_BYTES + 1];
	size_t n;
	const uint8_t *json = event_json(item->event, &n);
	uid_format(&item->event->id, id);
	const struct webhook_post p = {.id = id, .body = json, .n_body = n, .done = posted, .arg = item};
	return webhook_post(item->worker->endpoint, &p) == 0;
}

void delivery_post_items(struct delivery_worker *w)
{
	struct delivery_page *p = &w->page;
	bool is_paused = w->paused_ms > loop_now_ms(w->deliveries->chat->loop);
	if (is_paused || w->is_leaving || w->disabled_why[0])
		delivery_page_drop(p, false);
	struct delivery_item *item;
	while ((item = delivery_page_next(p, w->is_ordered)) && post(item)) {
		item->state = DELIVERY_ITEM_FLYING;
		p->n_queued--;
		p->n_flying++;
	}
}

/* What the store does not know yet of how it goes. */
static const struct webhook_state *state_to_note(struct delivery_worker *w)
{
	int64_t since_ms = w->is_failing ? w->failing_since_ms : 0;
	bool is_long = clock_wall_ms() - w->noted_since_ms >= (int64_t)webhook_probe_ms(&w->deliveries->config.schedule, 0);
	w->move.has_state = since_ms != w->noted_since_ms || w->disabled_why[0];
	w->move.state = (struct webhook_state){.disables = w->disabled_why[0] != '\0',
					       .recovers = since_ms == 0 && !w->disabled_why[0] && is_long,
					       .reason = {w->disabled_why, strlen(w->disabled_why)},
					       .failing_since_ms = w->disabled_why[0] ? w->failing_since_ms : since_ms};
	return w->move.has_state ? &w->move.state : NULL;
}

/* Each change has another number, so that what is set aside can be named by it. */
static void number_changes(struct delivery_worker *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		w->move.changes[i].delivery = (w->fence << 20) + (++w->n_handed & 0xfffff);
}

static void move_free(struct delivery_move *m)
{
	free(m->cursors);
	free(m->changes);
	buf_finish(&m->log);
	*m = (struct delivery_move){.log = BUF_INIT};
}

bool delivery_move_submit(struct delivery_worker *w, bool with_log)
{
	struct delivery_move *m = &w->move;
	uint64_t now_ms = loop_now_ms(w->deliveries->chat->loop);
	struct store_subscription_move *op = mem_new(struct store_subscription_move);
	m->cursors = mem_zalloc((w->page.n_items + 1) * sizeof(*m->cursors));
	m->changes = mem_zalloc((w->page.n_items + 1) * sizeof(*m->changes));
	delivery_page_save(&w->page, m->cursors, &op->n_cursors, m->changes, &op->n_changes);
	number_changes(w, op->n_changes);
	op->subscription_no = w->subscription_no;
	op->fence = w->fence;
	op->cursors = m->cursors;
	op->changes = m->changes;
	op->webhook = state_to_note(w);
	if (w->log.is_dirty && (with_log || now_ms - w->log.stored_ms >= LOG_STORED_MS)) {
		delivery_log_write(&w->log, &m->log);
		op->log = (struct text){(const char *)m->log.data, m->log.len};
	}
	bool has_something = op->n_cursors + op->n_changes > 0 || op->webhook || op->log.s;
	if (!has_something) {
		free(op);
		move_free(m);
		return false;
	}
	if (op->log.s) {
		w->log.is_dirty = false;
		w->log.stored_ms = now_ms;
	}
	w->moved_ms = now_ms;
	if (delivery_submit(w, op, STORE_SUBSCRIPTION_MOVE))
		return true;
	delivery_page_saved(&w->page, false);
	move_free(m);
	return false;
}

/* When what failed is tried again, and how much of it there is. */
static void count_changes(struct delivery_worker *w)
{
	uint64_t now_ms = loop_now_ms(w->deliveries->chat->loop);
	for (size_t i = 0; i < w->page.n_items; i++) {
		const struct delivery_item *item = &w->page.items[i];
		if (!item->is_saving || item->state != DELIVERY_ITEM_FAILED)
			continue;
		w->n_waiting += !item->is_again;
		if (now_ms + item->wait_ms < w->due_ms)
			w->due_ms = now_ms + item->wait_ms;
	}
}

void delivery_page_ends(struct delivery_worker *w)
{
	struct delivery_page *p = &w->page;
	bool has_dropped = false;
	for (size_t i = 0; i < p->n_items; i++)
		has_dropped |= p->items[i].state == DELIVERY_ITEM_DROPPED;
	bool is_fast = loop_now_ms(w->deliveries->chat->loop) - w->page_begun_ms < SPEED_MS;
	if (p->n_items > 0)
		w->page_limit = is_fast ? w->page_limit * 2 : w->page_limit / 2;
	w->page_limit = w->page_limit > PAGE_MAX ? PAGE_MAX : w->page_limit < PAGE_MIN ? PAGE_MIN : w->page_limit;
	/* For when the others are due; and what was dropped is read again. */
	w->has_news |= p->n_again > 0 || (has_dropped && !delivery_worker_waits(w));
	if (p->n_items > p->n_again)
		w->last_room_no = p->items[p->n_items - 1].event->room_no;
	delivery_page_clear(p);
}

void delivery_moved(struct delivery_worker *w, const struct store_subscription_move *op)
{
	bool is_made = op->op.result == 0 && !op->is_lost;
	if (is_made)
		count_changes(w);
	if (is_made && w->move.has_state) {
		w->noted_since_ms = w->move.state.failing_since_ms;
		w->is_leaving |= w->move.state.disables;
		if (w->move.state.disables)
			delivery_tell(w, EVENT_WEBHOOK_DISABLED, w->disabled_why);
		w->disabled_why[0] = '\0';
	}
	if (!is_made && op->log.s)
		w->log.is_dirty = true;
	delivery_page_saved(&w->page, is_made);
	move_free(&w->move);
	if (is_made && w->page.n_queued + w->page.n_flying == 0)
		delivery_page_ends(w);
}
