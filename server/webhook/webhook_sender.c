#include "webhook/webhook_sender.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/secret.h"
#include "webhook/webhook_engine.h"
#include "webhook/webhook_target.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 250, LANES = 2 };

struct webhook_sender {
	struct loop *loop;
	struct webhook_sender_options options;
	struct webhook_engine *engine;
	struct loop_timer *tick;  /* runs while something is in flight */
	struct list endpoints;    /* webhook_endpoint.link */
	struct list ready[LANES]; /* webhook_endpoint.ready_link: they have something waiting and room in their window; [1]: slow ones */
	struct list flying;       /* flight.link */
	struct list idle;         /* webhook_exchange.link */
	uint32_t n_idle;
	uint32_t n_flying, n_slow; /* in flight; of these, of slow endpoints */
	bool is_closing;
};

struct webhook_endpoint {
	struct list link, ready_link;
	struct webhook_sender *sender;
	struct webhook_target target;
	struct list waiting; /* flight.link */
	uint32_t n_waiting, n_flying, window;
	uint32_t n_telling; /* calls of done() that have not returned */
	bool is_slow, is_gone;
};

/* A post on its way. */
struct flight {
	struct list link; /* webhook_endpoint.waiting, then webhook_sender.flying */
	struct webhook_endpoint *endpoint;
	struct webhook_post post;
	char id[WEBHOOK_ID_CHARS + 1];
	struct webhook_exchange *exchange;
	uint64_t begun_ms;
};

static void free_endpoint(struct webhook_endpoint *e)
{
	list_remove(&e->link);
	list_remove(&e->ready_link);
	free(e->target.url);
	free(e->target.ca);
	free(e->target.content_type);
	curl_slist_free_all(e->target.headers);
	secret_wipe(e->target.secrets, sizeof(e->target.secrets));
	free(e);
}

/* Puts the endpoint behind the others of its lane when it has something to begin. */
static void line_up(struct webhook_endpoint *e)
{
	list_remove(&e->ready_link);
	if (e->n_waiting && e->n_flying < e->window)
		list_append(&e->sender->ready[e->is_slow], &e->ready_link);
}

static void set_slow(struct webhook_endpoint *e, bool is_slow)
{
	struct webhook_sender *s = e->sender;
	if (e->is_slow == is_slow)
		return;
	e->is_slow = is_slow;
	s->n_slow = is_slow ? s->n_slow + e->n_flying : s->n_slow - e->n_flying;
	line_up(e);
}

static void count_flying(struct webhook_endpoint *e, bool begins)
{
	struct webhook_sender *s = e->sender;
	uint32_t *counts[] = {&e->n_flying, &s->n_flying, e->is_slow ? &s->n_slow : NULL};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (counts[i])
			*counts[i] = begins ? *counts[i] + 1 : *counts[i] - 1;
	}
}

static struct webhook_exchange *take_exchange(struct webhook_sender *s)
{
	if (list_empty(&s->idle))
		return webhook_exchange_new(&s->options.policy);
	struct webhook_exchange *x = list_entry(s->idle.next, struct webhook_exchange, link);
	list_remove(&x->link);
	s->n_idle--;
	return x;
}

static void keep_idle(struct webhook_sender *s, struct webhook_exchange *x)
{
	if (s->n_idle >= s->options.in_flight_max) {
		webhook_exchange_destroy(x);
		return;
	}
	list_append(&s->idle, &x->link);
	s->n_idle++;
}

static void begin_next(struct webhook_endpoint *e)
{
	struct webhook_sender *s = e->sender;
	struct flight *f = list_entry(e->waiting.next, struct flight, link);
	struct webhook_exchange *x = take_exchange(s);
	list_remove(&f->link);
	list_append(&s->flying, &f->link);
	e->n_waiting--;
	f->exchange = x;
	f->begun_ms = loop_now_ms(s->loop);
	x->owner = f;
	x->target = &e->target;
	x->id = f->id;
	x->body = f->post.body;
	x->n_body = f->post.n_body;
	atomic_store(&x->is_cancelled, false);
	if (!s->n_flying)
		loop_timer_start(s->tick, TICK_MS, TICK_MS);
	count_flying(e, true);
	line_up(e);
	webhook_engine_begin(s->engine, x);
}

static bool has_room(const struct webhook_sender *s, int lane)
{
	uint32_t most = s->options.in_flight_max;
	return s->n_flying < most * WEBHOOK_HELD_TIMES && (lane == 0 ? s->n_flying - s->n_slow : s->n_slow) < most;
}

static void begin_more(struct webhook_sender *s)
{
	for (int lane = 0; lane < LANES && !s->is_closing; lane++) {
		while (!list_empty(&s->ready[lane]) && has_room(s, lane))
			begin_next(list_entry(s->ready[lane].next, struct webhook_endpoint, ready_link));
	}
}

/* What has become slow leaves its place to others. */
static void on_tick(void *arg)
{
	struct webhook_sender *s = arg;
	uint64_t now_ms = loop_now_ms(s->loop);
	list_for_each(it, &s->flying) {
		struct flight *f = list_entry(it, struct flight, link);
		if (now_ms - f->begun_ms >= WEBHOOK_SLOW_MS)
			set_slow(f->endpoint, true);
	}
	begin_more(s);
}

/* The endpoint may be gone afterwards. */
static void tell(struct flight *f, const struct webhook_outcome *o)
{
	struct webhook_endpoint *e = f->endpoint;
	struct webhook_post post = f->post;
	free(f);
	e->n_telling++;
	post.done(post.arg, o);
	e->n_telling--;
	if (e->is_gone && !e->n_telling && !e->n_flying && !e->n_waiting)
		free_endpoint(e);
}

/* The endpoint may be gone afterwards. */
static void cancel_first(struct webhook_endpoint *e)
{
	static const struct webhook_outcome cancelled = {.end = WEBHOOK_CANCELLED, .retry_after = "", .reply = ""};
	struct flight *f = list_entry(e->waiting.next, struct flight, link);
	list_remove(&f->link);
	e->n_waiting--;
	tell(f, &cancelled);
}

static void learn(struct webhook_endpoint *e, const struct webhook_outcome *o)
{
	bool good = o->end == WEBHOOK_ANSWERED && o->status >= 200 && o->status < 300;
	bool fast = o->latency_us < (uint64_t)WEBHOOK_SLOW_MS * 1000;
	if (o->end == WEBHOOK_CANCELLED)
		return;
	uint32_t most = e->sender->options.endpoint_in_flight_max, wider = e->window * 2;
	e->window = !good ? 1 : wider < most ? wider : most;
	set_slow(e, !fast);
}

static void on_ended(void *arg, struct webhook_exchange *x)
{
	struct webhook_sender *s = arg;
	struct flight *f = x->owner;
	struct webhook_endpoint *e = f->endpoint;
	list_remove(&f->link);
	count_flying(e, false);
	if (!s->n_flying)
		loop_timer_stop(s->tick);
	learn(e, &x->outcome);
	line_up(e);
	tell(f, &x->outcome);
	keep_idle(s, x);
	begin_more(s);
}

static struct webhook_sender *complain(const char *fault)
{
	LOG_ERROR("webhook.no_sender", LOG_S("fault", fault));
	return NULL;
}

struct webhook_sender *webhook_sender_open(struct loop *l, const struct webhook_sender_options *options)
{
	char missing[WEBHOOK_CURL_FAULT_BYTES];
	if (!webhook_curl_load(missing))
		return complain(missing);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return complain("libcurl cannot be set up");
	struct webhook_sender *s = mem_new(struct webhook_sender);
	s->loop = l;
	s->options = *options;
	if (!s->options.in_flight_max)
		s->options.in_flight_max = WEBHOOK_IN_FLIGHT_MAX;
	if (!s->options.endpoint_in_flight_max)
		s->options.endpoint_in_flight_max = WEBHOOK_ENDPOINT_IN_FLIGHT_MAX;
	list_init(&s->endpoints);
	list_init(&s->flying);
	list_init(&s->idle);
	for (size_t i = 0; i < LANES; i++)
		list_init(&s->ready[i]);
	s->engine = webhook_engine_open(l, (size_t)s->options.in_flight_max * WEBHOOK_HELD_TIMES, on_ended, s);
	if (!s->engine) {
		free(s);
		curl_global_cleanup();
		return complain("no thread or descriptor");
	}
	s->tick = loop_timer_new(l, on_tick, s);
	return s;
}

void webhook_sender_close(struct webhook_sender *s)
{
	if (!s)
		return;
	s->is_closing = true;
	webhook_engine_close(s->engine);
	while (!list_empty(&s->endpoints)) {
		struct webhook_endpoint *e = list_entry(s->endpoints.next, struct webhook_endpoint, link);
		if (e->n_waiting)
			cancel_first(e); /* whoever is told may destroy it */
		else
			webhook_endpoint_destroy(e);
	}
	list_for_each_safe(it, &s->idle)
		webhook_exchange_destroy(list_entry(it, struct webhook_exchange, link));
	loop_timer_destroy(s->tick);
	free(s);
	curl_global_cleanup();
}

static void copy_headers(struct webhook_target *t, const struct webhook_endpoint_options *options)
{
	char line[WEBHOOK_HEADER_BYTES_MAX + 3];
	for (size_t i = 0; i < options->n_headers; i++) {
		const struct webhook_header *h = &options->headers[i];
		if (webhook_header_check(h->name, h->value))
			continue;
		snprintf(line, sizeof(line), "%s: %s", h->name, h->value);
		struct curl_slist *longer = curl_slist_append(t->headers, line);
		if (!longer)
			abort();
		t->headers = longer;
	}
}

struct webhook_endpoint *webhook_endpoint_new(struct webhook_sender *s, const struct webhook_endpoint_options *options)
{
	char host[WEBHOOK_HOST_BYTES];
	struct webhook_endpoint *e = mem_new(struct webhook_endpoint);
	struct webhook_target *t = &e->target;
	e->sender = s;
	e->window = 1;
	list_init(&e->ready_link);
	list_init(&e->waiting);
	t->url = mem_strndup(options->url, strlen(options->url));
	t->ca = options->ca ? mem_strndup(options->ca, strlen(options->ca)) : NULL;
	const char *type = options->content_type ? options->content_type : "application/json";
	t->content_type = mem_strndup(type, strlen(type));
	t->reply_bytes = options->reply_bytes ? options->reply_bytes : WEBHOOK_REPLY_BYTES;
	assert(t->reply_bytes <= WEBHOOK_REPLY_BYTES_MAX);
	t->timeout_ms = options->timeout_ms ? options->timeout_ms : WEBHOOK_TIMEOUT_MS;
	memcpy(t->secrets, options->secrets, sizeof(t->secrets));
	(void)webhook_url_check(&s->options.policy, options->url, host); /* for the host */
	t->host_allowed = webhook_host_allowed(&s->options.policy, host);
	copy_headers(t, options);
	list_append(&s->endpoints, &e->link);
	return e;
}

void webhook_endpoint_destroy(struct webhook_endpoint *e)
{
	if (!e)
		return;
	struct webhook_sender *s = e->sender;
	assert(!e->is_gone);
	e->is_gone = true;
	list_for_each(it, &s->flying) {
		struct flight *f = list_entry(it, struct flight, link);
		if (f->endpoint == e)
			atomic_store(&f->exchange->is_cancelled, true);
	}
	if (e->n_flying && !s->is_closing)
		webhook_engine_cancel(s->engine);
	e->n_telling++;
	while (e->n_waiting)
		cancel_first(e);
	e->n_telling--;
	if (!e->n_telling && !e->n_flying)
		free_endpoint(e);
	else
		list_remove(&e->ready_link);
}

int webhook_post(struct webhook_endpoint *e, const struct webhook_post *p)
{
	size_t n = strlen(p->id);
	assert(n && n <= WEBHOOK_ID_CHARS && !e->is_gone);
	if (e->sender->is_closing || e->n_waiting + e->n_flying >= e->window)
		return -EAGAIN;
	struct flight *f = mem_new(struct flight);
	f->endpoint = e;
	f->post = *p;
	memcpy(f->id, p->id, n + 1);
	list_append(&e->waiting, &f->link);
	e->n_waiting++;
	line_up(e);
	begin_more(e->sender);
	return 0;
}
