/*
 * When the hooks run: libuv polls, then runs check handles, (from 1.45 on) timers, closes, (before 1.45) timers, then prepare handles, then
 * polls again. The hooks run in the check handle. They run once more in the prepare handle, just before the loop sleeps, because timers and
 * closes may have left work. When a hook has asked for another turn the loop does not sleep, and the second run is left out: input comes first.
 */
#include "base/loop.h"

#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

enum { HOOKS_MAX = 16, CLOSING_TURNS_MAX = 1000 };

struct loop_hook {
	void (*fn)(void *arg);
	void *arg;
	enum turn_end when;
};

struct loop {
	uv_loop_t uv;
	uv_poll_t wake; /* on wake_fd */
	int wake_fd;    /* an eventfd(2) */
	uv_check_t check;
	uv_prepare_t prepare;
	uv_idle_t idle;                    /* active while the next turn must not sleep */
	pthread_mutex_t lock;              /* guards calls */
	struct list calls;                 /* loop_call.link */
	struct list signals;               /* loop_signal.link */
	struct loop_hook hooks[HOOKS_MAX]; /* in the order in which they run */
	size_t n_hooks;
	bool again;
};

struct loop_timer {
	uv_timer_t uv;
	void (*fn)(void *arg);
	void *arg;
};

struct loop_watch {
	uv_poll_t uv;
	int events;
	bool is_paused;
	void (*fn)(void *arg);
	void *arg;
};

struct loop_signal {
	struct list link; /* loop.signals */
	uv_signal_t uv;
	void (*fn)(void *arg);
	void *arg;
};

/* The setup of libuv fails only when memory or descriptors run out. At that time the server has promised nothing yet. */
static void must(int error)
{
	if (error)
		abort();
}

static void run_calls(struct loop *l)
{
	struct list calls; /* loop_call.link */
	list_init(&calls);
	pthread_mutex_lock(&l->lock);
	list_splice(&calls, &l->calls);
	pthread_mutex_unlock(&l->lock);
	while (!list_empty(&calls)) {
		struct loop_call *c = list_entry(calls.next, struct loop_call, link);
		list_remove(&c->link);
		c->run(c);
	}
}

static void on_idle(uv_idle_t *h)
{
	(void)h; /* the loop does not sleep while this handle is active */
}

static void run_hooks(struct loop *l)
{
	l->again = false;
	for (size_t i = 0; i < l->n_hooks; i++)
		l->hooks[i].fn(l->hooks[i].arg);
	if (!l->again)
		uv_idle_stop(&l->idle);
	else
		(void)sched_yield(); /* a thread that shares this processor, as the store's writer may, has its turn, too */
}

/*
 * An eventfd of our own and no uv_async_t: in libuv up to 1.44 the callback of an uv_async_t spins while the sender is inside uv_async_send()
 * (uv__async_spin()). On a shared core that happens whenever the wake-up preempts the sender. Later versions spin only in closing.
 */
static void on_wake(uv_poll_t *h, int status, int events)
{
	struct loop *l = h->data;
	uint64_t n;
	ssize_t got = read(l->wake_fd, &n, sizeof n);
	(void)status;
	(void)events;
	assert(got == sizeof n);
	(void)got;
	run_calls(l);
}

static void on_check(uv_check_t *h)
{
	run_hooks(h->data);
}

static void on_prepare(uv_prepare_t *h)
{
	struct loop *l = h->data;
	if (!l->again)
		run_hooks(l);
}

struct loop *loop_new(void)
{
	struct loop *l = mem_new(struct loop);
	pthread_mutex_init(&l->lock, NULL);
	list_init(&l->calls);
	list_init(&l->signals);
	must(uv_loop_init(&l->uv));
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(l->wake_fd < 0);
	must(uv_poll_init(&l->uv, &l->wake, l->wake_fd));
	must(uv_check_init(&l->uv, &l->check));
	must(uv_prepare_init(&l->uv, &l->prepare));
	must(uv_idle_init(&l->uv, &l->idle));
	l->wake.data = l->check.data = l->prepare.data = l;
	must(uv_poll_start(&l->wake, UV_READABLE, on_wake));
	must(uv_check_start(&l->check, on_check));
	must(uv_prepare_start(&l->prepare, on_prepare));
	return l;
}

static void free_signal(uv_handle_t *h)
{
	free(h->data);
}

void loop_destroy(struct loop *l)
{
	if (!l)
		return;
	while (!list_empty(&l->calls)) /* no other thread posts now */
		run_calls(l);
	l->n_hooks = 0;
	uv_close((uv_handle_t *)&l->wake, NULL);
	uv_close((uv_handle_t *)&l->check, NULL);
	uv_close((uv_handle_t *)&l->prepare, NULL);
	uv_close((uv_handle_t *)&l->idle, NULL);
	while (!list_empty(&l->signals)) {
		struct loop_signal *s = list_entry(l->signals.next, struct loop_signal, link);
		list_remove(&s->link);
		uv_close((uv_handle_t *)&s->uv, free_signal);
	}
	int error = uv_loop_close(&l->uv);
	for (int i = 0; error == UV_EBUSY && i < CLOSING_TURNS_MAX; i++) {
		uv_run(&l->uv, UV_RUN_NOWAIT);
		error = uv_loop_close(&l->uv);
	}
	assert(!error); /* a timer or a watch was not destroyed */
	(void)error;
	assert(list_empty(&l->calls));
	close(l->wake_fd);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

void loop_run_once(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_NOWAIT);
}

void *loop_foreign(struct loop *l)
{
	return &l->uv;
}

uint64_t loop_now_ms(const struct loop *l)
{
	return uv_now(&l->uv);
}

void loop_post(struct loop *l, struct loop_call *c)
{
	struct list one; /* loop_call.link */
	list_init(&one);
	list_append(&one, &c->link);
	loop_post_list(l, &one);
}

void loop_post_list(struct loop *l, struct list *calls)
{
	if (list_empty(calls))
		return;
	pthread_mutex_lock(&l->lock);
	bool was_empty = list_empty(&l->calls);
	list_splice(&l->calls, calls);
	pthread_mutex_unlock(&l->lock);
	if (!was_empty)
		return;
	/* The lock is given back first, so that the woken loop does not wait for this thread. */
	ssize_t sent = write(l->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
	assert(sent == sizeof(uint64_t)); /* the loop reads the counter in every turn, so it is never full */
	(void)sent;
}

void loop_at_turn_end(struct loop *l, enum turn_end when, void (*fn)(void *arg), void *arg)
{
	assert(l->n_hooks < HOOKS_MAX);
	size_t i = l->n_hooks++;
	for (; i > 0 && l->hooks[i - 1].when > when; i--)
		l->hooks[i] = l->hooks[i - 1];
	l->hooks[i] = (struct loop_hook){.fn = fn, .arg = arg, .when = when};
}

void loop_not_at_turn_end(struct loop *l, void (*fn)(void *arg), void *arg)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->n_hooks; i++)
		if (l->hooks[i].fn != fn || l->hooks[i].arg != arg)
			l->hooks[kept++] = l->hooks[i];
	l->n_hooks = kept;
}

void loop_again(struct loop *l)
{
	l->again = true;
	uv_idle_start(&l->idle, on_idle);
}

bool loop_is_busy(const struct loop *l)
{
	return uv_is_active((const uv_handle_t *)&l->idle);
}

static void on_timer(uv_timer_t *h)
{
	struct loop_timer *t = h->data;
	t->fn(t->arg);
}

static void free_timer(uv_handle_t *h)
{
	free(h->data);
}

struct loop_timer *loop_timer_new(struct loop *l, void (*fn)(void *arg), void *arg)
{
	struct loop_timer *t = mem_new(struct loop_timer);
	must(uv_timer_init(&l->uv, &t->uv));
	t->uv.data = t;
	t->fn = fn;
	t->arg = arg;
	return t;
}

void loop_timer_start(struct loop_timer *t, uint64_t first_ms, uint64_t repeat_ms)
{
	must(uv_timer_start(&t->uv, on_timer, first_ms, repeat_ms));
}

void loop_timer_stop(struct loop_timer *t)
{
	uv_timer_stop(&t->uv);
}

void loop_timer_destroy(struct loop_timer *t)
{
	if (t)
		uv_close((uv_handle_t *)&t->uv, free_timer);
}

static void watch(struct loop_watch *w);

/*
 * The owner meets an error when it reads or writes. libuv ends a poll with its first error, but the owner may have taken only a part of what came before it: so the
 * watch goes on until the owner ends it.
 */
static void on_watch(uv_poll_t *h, int status, int events)
{
	struct loop_watch *w = h->data;
	(void)events;
	w->fn(w->arg);
	if (status < 0 && !w->is_paused && !uv_is_closing((const uv_handle_t *)h))
		watch(w);
}

static void watch(struct loop_watch *w)
{
	must(uv_poll_start(&w->uv, w->events, on_watch));
}

static void free_watch(uv_handle_t *h)
{
	free(h->data);
}

struct loop_watch *loop_watch_readable(struct loop *l, int fd, void (*fn)(void *arg), void *arg)
{
	struct loop_watch *w = mem_new(struct loop_watch);
	must(uv_poll_init(&l->uv, &w->uv, fd));
	w->uv.data = w;
	w->fn = fn;
	w->arg = arg;
	w->events = UV_READABLE;
	watch(w);
	return w;
}

void loop_watch_writable(struct loop_watch *w, bool wanted)
{
	int events = wanted ? UV_READABLE | UV_WRITABLE : UV_READABLE;
	if (w->events == events)
		return;
	w->events = events;
	if (!w->is_paused)
		watch(w);
}

void loop_watch_pause(struct loop_watch *w, bool paused)
{
	w->is_paused = paused;
	if (paused)
		uv_poll_stop(&w->uv);
	else
		watch(w);
}

void loop_watch_destroy(struct loop_watch *w)
{
	if (!w)
		return;
	uv_close((uv_handle_t *)&w->uv, free_watch);
}

static void on_signal(uv_signal_t *h, int signum)
{
	struct loop_signal *s = h->data;
	(void)signum;
	s->fn(s->arg);
}

int loop_on_signal(struct loop *l, int signum, void (*fn)(void *arg), void *arg)
{
	struct loop_signal *s = mem_new(struct loop_signal);
	must(uv_signal_init(&l->uv, &s->uv));
	s->uv.data = s;
	s->fn = fn;
	s->arg = arg;
	list_append(&l->signals, &s->link);
	return uv_signal_start(&s->uv, on_signal, signum);
}
