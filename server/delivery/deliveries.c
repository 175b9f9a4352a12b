#include "delivery/deliveries.h"

#include "chat/user.h"
#include "delivery/delivery_state.h"
#include "room/room.h"
#include "webhook/webhook_target.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LOGS_A_SECOND = 50 };

static const struct chat_watcher_methods methods;

struct deliveries *deliveries_of(struct chat *c)
{
	list_for_each(it, &c->watchers) {
		struct chat_watcher *w = list_entry(it, struct chat_watcher, in_chat);
		if (w->methods == &methods)
			return (struct deliveries *)(void *)w;
	}
	return NULL;
}

static struct delivery_worker *worker_by_no(struct deliveries *d, uint64_t subscription_no)
{
	uint8_t key[16];
	id_map_key_of_no(subscription_no, key);
	return id_map_get(&d->by_no, key);
}

void delivery_worker_begin(struct deliveries *d, uint64_t subscription_no)
{
	if (!d->chat->is_leaving && !d->is_closing && !worker_by_no(d, subscription_no))
		delivery_worker_step(delivery_worker_new(d, subscription_no));
}

/* ---- who is worked for ---- */

static bool ask(struct deliveries *d, struct store_op *op)
{
	bool is_taken = d->chat->store->methods->submit(d->chat->store, op) == 0;
	d->chat->n_pending += is_taken;
	return is_taken;
}

static void find_more(struct deliveries *d, uint64_t after_no);

/* Those at work, the first of them; ask_news() lets them take turns. */
static size_t known_ones(struct deliveries *d)
{
	size_t n = 0;
	list_for_each(it, &d->workers) {
		const struct delivery_worker *w = list_entry(it, const struct delivery_worker, in_all);
		if (n < DELIVERY_ASKED_MAX && w->stage == DELIVERY_WORKS)
			d->known[n++] = (int64_t)w->subscription_no;
	}
	return n;
}

/* Another instance was asked to change some of those that are worked for here. */
static void look_at_fences(struct deliveries *d)
{
	for (size_t i = 0; i < d->find.n_known; i++) {
		struct delivery_worker *w = worker_by_no(d, (uint64_t)d->known[i]);
		if (w && (d->fences[i] == 0 || d->fences[i] > w->fence))
			delivery_worker_reset(w);
	}
}

static void found(struct store_op *op)
{
	struct deliveries *d = list_entry(op, struct deliveries, find.op);
	d->chat->n_pending--;
	d->is_finding = false;
	if (op->result == 0)
		look_at_fences(d);
	for (size_t i = 0; op->result == 0 && i < d->find.n_nos; i++)
		delivery_worker_begin(d, (uint64_t)d->find.nos[i]);
	if (op->result == 0 && d->find.more)
		find_more(d, (uint64_t)d->find.nos[d->find.n_nos - 1]);
	else
		d->has_found = op->result == 0;
}

static void find_more(struct deliveries *d, uint64_t after_no)
{
	d->find = (struct store_webhook_free){
		.op = {.kind = STORE_WEBHOOK_FREE, .done = found}, .after_no = after_no, .known_nos = d->known, .fences = d->fences};
	if (d->chat->store->is_shared && after_no == 0)
		d->find.n_known = known_ones(d);
	d->is_finding = ask(d, &d->find.op);
}

static void renewed(struct store_op *op)
{
	struct deliveries *d = list_entry(op, struct deliveries, renew.op);
	d->chat->n_pending--;
	d->is_renewing = false;
	if (op->result != 0)
		d->renewed_ms = 0; /* at the next second */
}

static void renew(struct deliveries *d)
{
	d->renew = (struct store_webhook_renew){.op = {.kind = STORE_WEBHOOK_RENEW, .done = renewed}, .holder = d->holder};
	d->is_renewing = ask(d, &d->renew.op);
}

/* ---- news ---- */

static void answered(struct store_op *op)
{
	struct deliveries *d = list_entry(op, struct deliveries, news.op);
	d->chat->n_pending--;
	d->is_asking = false;
	for (size_t i = 0; op->result == 0 && i < d->news.n_subscriptions; i++) {
		struct delivery_worker *w = d->has_news[i] ? worker_by_no(d, (uint64_t)d->asked[i]) : NULL;
		if (w && delivery_worker_is_idle(w)) {
			w->has_news = true;
			delivery_worker_step(w);
		}
	}
}

static void ask_news(struct deliveries *d)
{
	size_t n = 0;
	list_for_each(it, &d->workers) {
		const struct delivery_worker *w = list_entry(it, const struct delivery_worker, in_all);
		if (n < DELIVERY_ASKED_MAX && delivery_worker_is_idle(w) && !delivery_worker_waits(w))
			d->asked[n++] = (int64_t)w->subscription_no;
	}
	/* More than are asked for at once take turns. */
	for (size_t i = 0; n == DELIVERY_ASKED_MAX && i < n; i++) {
		struct list *first = d->workers.next;
		list_remove(first);
		list_append(&d->workers, first);
	}
	if (n == 0)
		return;
	d->news = (struct store_subscription_news){.op = {.kind = STORE_SUBSCRIPTION_NEWS, .done = answered},
						   .subscription_nos = d->asked,
						   .has_news = d->has_news,
						   .n_subscriptions = n};
	d->is_asking = ask(d, &d->news.op);
}

static void applied(struct chat_watcher *watcher, const struct room *r)
{
	struct deliveries *d = (struct deliveries *)(void *)watcher;
	if (list_empty(&d->workers))
		return;
	if (d->n_rooms == 0)
		loop_again(d->chat->loop); /* the turn may be at its end */
	if (d->n_rooms < DELIVERY_TURN_ROOMS_MAX && (d->n_rooms == 0 || !uid_equal(&d->rooms[d->n_rooms - 1], &r->id)))
		d->rooms[d->n_rooms++] = r->id;
}

static void server_event(struct chat_watcher *watcher)
{
	struct deliveries *d = (struct deliveries *)(void *)watcher;
	if (list_empty(&d->workers))
		return;
	d->has_server_event = true;
	loop_again(d->chat->loop);
}

static bool is_about(struct deliveries *d, const struct delivery_worker *w)
{
	if (d->n_rooms == DELIVERY_TURN_ROOMS_MAX || (d->has_server_event && w->owner->role == USER_ROLE_OWNER))
		return true;
	for (size_t i = 0; i < d->n_rooms; i++) {
		struct room *r = room_by_id(&d->chat->rooms, &d->rooms[i]);
		if (r && user_member_of(w->owner, r))
			return true;
	}
	return false;
}

static void turn(struct chat_watcher *watcher)
{
	struct deliveries *d = (struct deliveries *)(void *)watcher;
	if (d->n_rooms == 0 && !d->has_server_event)
		return;
	list_for_each_safe(it, &d->workers) {
		struct delivery_worker *w = list_entry(it, struct delivery_worker, in_all);
		if (w->stage != DELIVERY_WORKS || w->has_news || delivery_worker_waits(w) || !is_about(d, w))
			continue;
		w->has_news = true;
		if (delivery_worker_is_idle(w))
			delivery_worker_step(w);
	}
	d->n_rooms = 0;
	d->has_server_event = false;
}

/* ---- the watcher ---- */

static void reset_all(struct deliveries *d)
{
	list_for_each_safe(it, &d->workers)
		delivery_worker_end(list_entry(it, struct delivery_worker, in_all), true);
	memcpy(d->epoch, d->chat->epoch, sizeof(d->epoch));
	d->has_found = false;
	d->found_ms = 0;
}

static void second(struct chat_watcher *watcher)
{
	struct deliveries *d = (struct deliveries *)(void *)watcher;
	const struct store *store = d->chat->store;
	uint64_t now_ms = loop_now_ms(d->chat->loop);
	unsigned n_logs_left = LOGS_A_SECOND;
	if (memcmp(d->epoch, d->chat->epoch, sizeof(d->epoch)) != 0)
		reset_all(d);
	list_for_each_safe(it, &d->workers)
		delivery_worker_second(list_entry(it, struct delivery_worker, in_all), &n_logs_left);
	if (store->is_away || d->chat->is_leaving)
		return;
	bool looks = store->is_shared ? now_ms - d->found_ms >= DELIVERIES_FIND_MS : !d->has_found;
	if (looks && !d->is_finding) {
		d->found_ms = now_ms;
		find_more(d, 0);
	}
	if (!store->is_shared || list_empty(&d->workers))
		return;
	if (!d->is_renewing && now_ms - d->renewed_ms >= DELIVERIES_RENEW_MS) {
		d->renewed_ms = now_ms;
		renew(d);
	}
	if (!d->is_asking)
		ask_news(d);
}

static void leaving(struct chat_watcher *watcher)
{
	struct deliveries *d = (struct deliveries *)(void *)watcher;
	delivery_pings_end(d);
	list_for_each_safe(it, &d->workers)
		delivery_worker_end(list_entry(it, struct delivery_worker, in_all), false);
}

static void destroy(struct chat_watcher *watcher)
{
	struct deliveries *d = (struct deliveries *)(void *)watcher;
	d->is_closing = true;
	delivery_pings_end(d);
	list_for_each_safe(it, &d->workers)
		delivery_worker_end(list_entry(it, struct delivery_worker, in_all), true);
	webhook_sender_close(d->sender); /* what was in flight is told */
	d->sender = NULL;
	assert(list_empty(&d->workers) && list_empty(&d->pings) && !d->is_finding && !d->is_renewing && !d->is_asking);
	list_remove(&d->watcher.in_chat);
	id_map_finish(&d->by_no);
	free(d);
}

static const struct chat_watcher_methods methods = {
	.applied = applied, .server_event = server_event, .turn = turn, .second = second, .leaving = leaving, .destroy = destroy};

void deliveries_begin(struct chat *c, const struct delivery_config *config)
{
	struct deliveries *d = mem_new(struct deliveries);
	d->watcher.methods = &methods;
	d->chat = c;
	d->config = *config;
	memcpy(d->epoch, c->epoch, sizeof(d->epoch));
	d->holder = webhook_only_holder();
	if (c->store->is_shared)
		uid_random(&d->holder, 1);
	list_init(&d->workers);
	list_init(&d->pings);
	list_append(&c->watchers, &d->watcher.in_chat);
}

const char *deliveries_url_check(struct chat *c, const char *url)
{
	static const struct webhook_policy nothing = {.n_allow = 0};
	char host[WEBHOOK_HOST_BYTES];
	const struct deliveries *d = deliveries_of(c);
	return webhook_url_check(d ? &d->config.policy : &nothing, url, host);
}

void deliveries_wake(struct chat *c, uint64_t subscription_no)
{
	struct deliveries *d = deliveries_of(c);
	struct delivery_worker *w = d ? worker_by_no(d, subscription_no) : NULL;
	if (w)
		delivery_worker_reset(w);
	else if (d)
		delivery_worker_begin(d, subscription_no);
}

bool deliveries_log(struct chat *c, uint64_t subscription_no, struct buf *out)
{
	struct deliveries *d = deliveries_of(c);
	const struct delivery_worker *w = d ? worker_by_no(d, subscription_no) : NULL;
	if (!w || w->log.n == 0)
		return false;
	delivery_log_write(&w->log, out);
	return true;
}
