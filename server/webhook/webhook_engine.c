#include "webhook/webhook_engine.h"

#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct webhook_engine {
	struct loop *loop;
	struct webhook_multi *multi; /* the thread's */
	pthread_t thread;
	int wake_fd; /* an eventfd(2) */
	void (*ended)(void *arg, struct webhook_exchange *x);
	void *arg;
	struct list finished; /* webhook_exchange.link; the thread's, of this turn */
	struct loop_call call;
	bool is_closed; /* the loop's: `call` frees the engine */
	pthread_mutex_t lock;
	/* Guarded by the lock: */
	struct list inbox, outbox; /* webhook_exchange.link */
	bool is_woken, is_posted;  /* wake_fd has something; `call` is on its way */
	bool cancels, ends;
};

/* What the loop asks of the thread. */
struct orders {
	struct list begun; /* webhook_exchange.link */
	bool cancels, ends;
};

static void wake(struct webhook_engine *e, bool was_woken)
{
	if (was_woken)
		return;
	ssize_t n = write(e->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
	assert(n == sizeof(uint64_t));
	(void)n;
}

static void take_orders(struct webhook_engine *e, struct orders *out)
{
	uint64_t count;
	list_init(&out->begun);
	/* Before the lock: what is asked for from now on either is taken below or is followed by a write. */
	ssize_t n = read(e->wake_fd, &count, sizeof(count));
	assert(n == sizeof(count));
	(void)n;
	pthread_mutex_lock(&e->lock);
	e->is_woken = false;
	list_splice(&out->begun, &e->inbox);
	out->cancels = e->cancels;
	out->ends = e->ends;
	e->cancels = false;
	pthread_mutex_unlock(&e->lock);
}

static void keep_finished(void *arg, struct webhook_exchange *x)
{
	struct webhook_engine *e = arg;
	list_append(&e->finished, &x->link);
}

static void hand_over(struct webhook_engine *e)
{
	if (list_empty(&e->finished))
		return;
	pthread_mutex_lock(&e->lock);
	list_splice(&e->outbox, &e->finished);
	bool was_posted = e->is_posted;
	e->is_posted = true;
	pthread_mutex_unlock(&e->lock);
	if (!was_posted)
		loop_post(e->loop, &e->call);
}

/* Returns false when the thread ends. */
static bool follow_orders(struct webhook_engine *e)
{
	struct orders orders;
	take_orders(e, &orders);
	while (!list_empty(&orders.begun)) {
		struct webhook_exchange *x = list_entry(orders.begun.next, struct webhook_exchange, link);
		list_remove(&x->link);
		webhook_multi_add(e->multi, x);
	}
	if (orders.cancels || orders.ends)
		webhook_multi_cancel(e->multi, orders.ends);
	return !orders.ends;
}

static void *run(void *arg)
{
	struct webhook_engine *e = arg;
	pthread_setname_np(pthread_self(), "webhooks");
	for (bool goes_on = true; goes_on;) {
		if (webhook_multi_run(e->multi, -1))
			goes_on = follow_orders(e);
		hand_over(e);
	}
	return NULL;
}

/* Loop thread. */
static void give_back(struct webhook_engine *e)
{
	struct list ended;
	list_init(&ended);
	pthread_mutex_lock(&e->lock);
	list_splice(&ended, &e->outbox);
	pthread_mutex_unlock(&e->lock);
	while (!list_empty(&ended)) {
		struct webhook_exchange *x = list_entry(ended.next, struct webhook_exchange, link);
		list_remove(&x->link);
		e->ended(e->arg, x);
	}
}

static void release(struct webhook_engine *e)
{
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static void on_call(struct loop_call *c)
{
	struct webhook_engine *e = list_entry(c, struct webhook_engine, call);
	if (e->is_closed) {
		release(e);
		return;
	}
	pthread_mutex_lock(&e->lock);
	e->is_posted = false; /* first: what ends from now on posts again */
	pthread_mutex_unlock(&e->lock);
	give_back(e);
}

/* Signals are for the loop's thread. */
static int start_thread(struct webhook_engine *e)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&e->thread, NULL, run, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

struct webhook_engine *webhook_engine_open(struct loop *l, size_t connections_max, void (*ended)(void *arg, struct webhook_exchange *x),
					   void *arg)
{
	int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0)
		return NULL;
	struct webhook_engine *e = mem_new(struct webhook_engine);
	*e = (struct webhook_engine){.loop = l, .wake_fd = wake_fd, .ended = ended, .arg = arg, .call.run = on_call};
	list_init(&e->inbox);
	list_init(&e->outbox);
	list_init(&e->finished);
	pthread_mutex_init(&e->lock, NULL);
	e->multi = webhook_multi_new(connections_max, keep_finished, e);
	webhook_multi_watch(e->multi, wake_fd);
	if (!start_thread(e))
		return e;
	webhook_multi_destroy(e->multi);
	close(wake_fd);
	release(e);
	return NULL;
}

void webhook_engine_begin(struct webhook_engine *e, struct webhook_exchange *x)
{
	pthread_mutex_lock(&e->lock);
	list_append(&e->inbox, &x->link);
	bool was_woken = e->is_woken;
	e->is_woken = true;
	pthread_mutex_unlock(&e->lock);
	wake(e, was_woken);
}

void webhook_engine_cancel(struct webhook_engine *e)
{
	pthread_mutex_lock(&e->lock);
	bool was_woken = e->is_woken;
	e->is_woken = e->cancels = true;
	pthread_mutex_unlock(&e->lock);
	wake(e, was_woken);
}

void webhook_engine_close(struct webhook_engine *e)
{
	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	bool was_woken = e->is_woken;
	e->is_woken = e->ends = true;
	pthread_mutex_unlock(&e->lock);
	wake(e, was_woken);
	pthread_join(e->thread, NULL);
	webhook_multi_destroy(e->multi);
	close(e->wake_fd);
	give_back(e);
	e->is_closed = true;
	if (!e->is_posted) /* no thread is left to guard it from */
		release(e);
}
