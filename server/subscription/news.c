#include "subscription/news.h"

#include "chat/session.h"
#include "chat/user.h"
#include "room/room.h"

#include <assert.h>
#include <stdlib.h>

enum { ROOMS_MAX = 64, ASKED_MAX = 1000 };

struct news {
	struct chat_watcher watcher; /* first: the chat knows this */
	struct chat *chat;
	struct list waits;           /* news_wait.in_news */
	struct uid rooms[ROOMS_MAX]; /* with events in this turn, but for repeats in a row */
	size_t n_rooms;              /* ROOMS_MAX: all rooms may have some */
	bool has_server_event;       /* in this turn */
	bool has_due;                /* a wait may be due */
	struct store_subscription_news op;
	bool asking;
	int64_t asked[ASKED_MAX];
	bool has_news[ASKED_MAX];
};

static void applied(struct chat_watcher *watcher, const struct room *r)
{
	struct news *n = (struct news *)(void *)watcher;
	if (list_empty(&n->waits))
		return;
	if (n->n_rooms == 0)
		loop_again(n->chat->loop); /* the turn may be at its end */
	if (n->n_rooms < ROOMS_MAX && (n->n_rooms == 0 || !uid_equal(&n->rooms[n->n_rooms - 1], &r->id)))
		n->rooms[n->n_rooms++] = r->id;
}

static void server_event(struct chat_watcher *watcher)
{
	struct news *n = (struct news *)(void *)watcher;
	if (list_empty(&n->waits))
		return;
	n->has_server_event = true;
	loop_again(n->chat->loop);
}

static void note(struct news_wait *w)
{
	w->has_news = true;
	w->news->has_due = true;
}

static bool is_about(struct news *n, const struct news_wait *w)
{
	if (n->n_rooms == ROOMS_MAX || (n->has_server_event && w->owner->role == USER_ROLE_OWNER))
		return true;
	for (size_t i = 0; i < n->n_rooms; i++) {
		struct room *r = room_by_id(&n->chat->rooms, &n->rooms[i]);
		if (r && user_member_of(w->owner, r))
			return true;
	}
	return false;
}

struct candidate {
	struct news_wait *wait;
	size_t at; /* in the list: who waits longest is first */
};

static int by_subscription(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	if (a->wait->subscription_no != b->wait->subscription_no)
		return a->wait->subscription_no < b->wait->subscription_no ? -1 : 1;
	return a->at < b->at ? -1 : 1;
}

/* Of those with news the first of each subscription; the others go on waiting. */
static void pick(struct candidate *candidates, size_t n, struct list *due)
{
	qsort(candidates, n, sizeof(*candidates), by_subscription);
	for (size_t i = 0; i < n; i++) {
		struct news_wait *w = candidates[i].wait;
		if (i > 0 && candidates[i - 1].wait->subscription_no == w->subscription_no) {
			w->has_news = false;
			continue;
		}
		list_remove(&w->in_news);
		list_append(due, &w->in_news);
	}
}

static void collect_due(struct news *n, struct list *due)
{
	size_t n_waits = 0, n_candidates = 0;
	list_for_each(it, &n->waits)
		n_waits++;
	auto_free struct candidate *candidates = mem_zalloc((n_waits + 1) * sizeof(*candidates));
	list_for_each_safe(it, &n->waits) {
		struct news_wait *w = list_entry(it, struct news_wait, in_news);
		if (w->is_waiting && w->is_over) {
			list_remove(it);
			list_append(due, it);
		} else if (w->is_waiting && w->has_news) {
			candidates[n_candidates] = (struct candidate){w, n_candidates};
			n_candidates++;
		}
	}
	pick(candidates, n_candidates, due);
}

/* then() may end this wait and others, and begin new ones, which are behind the list's end and not due. */
static void call_due(struct news *n)
{
	struct list due;
	list_init(&due);
	collect_due(n, &due);
	while (!list_empty(&due)) {
		struct news_wait *w = list_entry(due.next, struct news_wait, in_news);
		list_remove(&w->in_news);
		list_append(&n->waits, &w->in_news);
		w->is_waiting = w->has_news = false;
		w->then(w);
	}
}

static void turn(struct chat_watcher *watcher)
{
	struct news *n = (struct news *)(void *)watcher;
	if (n->n_rooms > 0 || n->has_server_event)
		list_for_each(it, &n->waits) {
			struct news_wait *w = list_entry(it, struct news_wait, in_news);
			if (!w->has_news && is_about(n, w))
				note(w);
		}
	n->n_rooms = 0;
	n->has_server_event = false;
	if (!n->has_due)
		return;
	n->has_due = false;
	call_due(n);
	if (n->has_due)
		loop_again(n->chat->loop);
}

static void answered(struct store_op *op)
{
	struct news *n = list_entry(op, struct news, op.op);
	n->chat->n_pending--;
	n->asking = false;
	for (size_t i = 0; op->result == 0 && i < n->op.n_subscriptions; i++)
		if (n->has_news[i])
			news_wake(n->chat, (uint64_t)n->asked[i]);
}

static void second(struct chat_watcher *watcher)
{
	struct news *n = (struct news *)(void *)watcher;
	struct store *store = n->chat->store;
	size_t n_asked = 0;
	list_for_each(it, &n->waits) {
		struct news_wait *w = list_entry(it, struct news_wait, in_news);
		if (!session_by_id(n->chat, w->session_id))
			w->is_over = n->has_due = true;
	}
	if (n->has_due)
		loop_again(n->chat->loop);
	if (n->asking || store->is_away)
		return;
	list_for_each(it, &n->waits) {
		const struct news_wait *w = list_entry(it, const struct news_wait, in_news);
		if (w->is_waiting && n_asked < ASKED_MAX)
			n->asked[n_asked++] = (int64_t)w->subscription_no;
	}
	/* More than are asked for at once take turns. */
	for (size_t i = 0; n_asked == ASKED_MAX && i < n_asked; i++) {
		struct list *first = n->waits.next;
		list_remove(first);
		list_append(&n->waits, first);
	}
	if (n_asked == 0)
		return;
	n->op = (struct store_subscription_news){.op = {.kind = STORE_SUBSCRIPTION_NEWS, .done = answered},
						 .subscription_nos = n->asked,
						 .has_news = n->has_news,
						 .n_subscriptions = n_asked};
	n->asking = store->methods->submit(store, &n->op.op) == 0;
	n->chat->n_pending += n->asking;
}

static void end_all(struct chat_watcher *watcher)
{
	struct news *n = (struct news *)(void *)watcher;
	list_for_each(it, &n->waits) {
		struct news_wait *w = list_entry(it, struct news_wait, in_news);
		w->is_over = true;
	}
	n->has_due = true;
	loop_again(n->chat->loop);
}

static void destroy(struct chat_watcher *watcher)
{
	struct news *n = (struct news *)(void *)watcher;
	end_all(watcher);
	call_due(n);
	assert(list_empty(&n->waits) && !n->asking);
	list_remove(&n->watcher.in_chat);
	free(n);
}

static const struct chat_watcher_methods methods = {
	.applied = applied, .server_event = server_event, .turn = turn, .second = second, .leaving = end_all, .destroy = destroy};

static struct news *news_of(struct chat *c)
{
	list_for_each(it, &c->watchers) {
		struct chat_watcher *w = list_entry(it, struct chat_watcher, in_chat);
		if (w->methods == &methods)
			return (struct news *)(void *)w;
	}
	return NULL;
}

static struct news *news_new(struct chat *c)
{
	struct news *n = mem_new(struct news);
	n->chat = c;
	n->watcher.methods = &methods;
	list_init(&n->waits);
	list_append(&c->watchers, &n->watcher.in_chat);
	return n;
}

static void time_is_over(void *arg)
{
	struct news_wait *w = arg;
	w->is_over = w->news->has_due = true;
	loop_again(w->news->chat->loop);
}

void news_wait_begin(struct news_wait *w, struct session *s, uint64_t wait_ms, void (*then)(struct news_wait *w))
{
	struct chat *c = s->chat;
	struct news *n = news_of(c);
	*w = (struct news_wait){.owner = s->user, .session_id = s->id, .then = then, .is_over = wait_ms == 0 || c->is_leaving};
	w->news = n ? n : news_new(c);
	list_append(&w->news->waits, &w->in_news);
	if (w->is_over || wait_ms == NEWS_WAIT_FOREVER)
		return;
	w->timer = loop_timer_new(c->loop, time_is_over, w);
	loop_timer_start(w->timer, wait_ms, 0);
}

void news_wait_go(struct news_wait *w, uint64_t subscription_no)
{
	w->subscription_no = subscription_no;
	w->is_waiting = true;
	if (w->has_news || w->is_over) {
		w->news->has_due = true;
		loop_again(w->news->chat->loop);
	}
}

void news_wake(struct chat *c, uint64_t subscription_no)
{
	struct news *n = news_of(c);
	bool any = false;
	for (struct list *it = n ? n->waits.next : NULL; n && it != &n->waits; it = it->next) {
		struct news_wait *w = list_entry(it, struct news_wait, in_news);
		if (w->subscription_no != subscription_no)
			continue;
		note(w);
		any = true;
	}
	if (any)
		loop_again(c->loop);
}

void news_wait_end(struct news_wait *w)
{
	list_remove(&w->in_news);
	loop_timer_destroy(w->timer);
	w->timer = NULL;
}
