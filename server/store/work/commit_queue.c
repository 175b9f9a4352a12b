#include "store/work/commit_queue.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"
#include "store/work/batch_run.h"
#include "store/work/store_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct commit_queue {
	struct commit_queue_config config;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t more;
	struct list waiting;      /* store_op.link; with the mutex */
	_Atomic size_t n_waiting; /* from submit until the commit */
	struct batch_touch touches[BATCH_TOUCHES_MAX];
	size_t n_touches; /* with the mutex */
	bool stopping;    /* with the mutex */
	bool new_epoch;   /* with the mutex; the thread was not told yet */

	/* The loop's own: what the thread was not given yet. */
	struct list held; /* store_op.link */
	uint64_t held_since_ns;

	struct batch_runner runner; /* the thread's own */
};

static void wait_for_more(struct commit_queue *q)
{
	struct timespec until;
	if (!batch_is_undecided(&q->runner)) {
		pthread_cond_wait(&q->more, &q->mutex);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += COMMIT_QUEUE_DECIDE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_cond_timedwait(&q->more, &q->mutex, &until);
}

/* Waits for work, or for a moment when a batch is undecided. False: there is no work and will be none. */
static bool take_waiting(struct commit_queue *q, struct list *ready)
{
	pthread_mutex_lock(&q->mutex);
	bool has_waited = false;
	while (list_empty(&q->waiting) && !q->stopping && !(has_waited && batch_is_undecided(&q->runner))) {
		wait_for_more(q);
		has_waited = true;
	}
	bool goes_on = !q->stopping || !list_empty(&q->waiting);
	list_splice(ready, &q->waiting);
	memcpy(q->runner.touches, q->touches, q->n_touches * sizeof q->touches[0]);
	q->runner.n_touches = q->n_touches;
	q->n_touches = 0;
	q->runner.is_new_epoch = q->runner.is_new_epoch || q->new_epoch;
	q->new_epoch = false;
	pthread_mutex_unlock(&q->mutex);
	return goes_on;
}

/* From here on the operations are the loop's: it may free them at any moment. */
static void answer(struct commit_queue *q, struct list *done)
{
	struct list calls;
	int64_t n = 0;
	list_init(&calls);
	list_for_each(it, done) {
		list_append(&calls, &list_entry(it, struct store_op, link)->call.link);
		n++;
	}
	atomic_fetch_sub(&q->n_waiting, (size_t)n);
	metric_change(&q->config.metrics->store_waiting, -n);
	loop_post_list(q->config.loop, &calls);
}

static void work(struct commit_queue *q, struct list *ready)
{
	struct list done;
	bool is_committed = false;
	list_init(&done);
	if (batch_is_undecided(&q->runner))
		batch_decide(&q->runner, ready, &done);
	if (batch_is_undecided(&q->runner))
		batch_refuse(&q->runner, ready, &done);
	else if (!list_empty(ready))
		is_committed = batch_run(&q->runner, ready, &done);
	answer(q, &done);
	if (is_committed)
		q->config.driver->methods->after_answers(q->config.driver);
}

static void *commit_thread(void *arg)
{
	struct commit_queue *q = arg;
	struct list ready, done;
	list_init(&ready);
	list_init(&done);
	while (take_waiting(q, &ready))
		do
			work(q, &ready);
		while (!list_empty(&ready));
	if (batch_is_undecided(&q->runner))
		work(q, &ready); /* for the last time */
	while (!list_empty(&ready))
		work(q, &ready);
	batch_give_up(&q->runner, &done);
	answer(q, &done);
	return NULL;
}

static void hand_over(struct commit_queue *q)
{
	pthread_mutex_lock(&q->mutex);
	bool was_empty = list_empty(&q->waiting);
	list_splice(&q->waiting, &q->held);
	pthread_mutex_unlock(&q->mutex);
	if (was_empty)
		pthread_cond_signal(&q->more); /* after the unlock: the thread that wakes does not wait for us */
}

static void at_turn_end(void *arg)
{
	struct commit_queue *q = arg;
	if (list_empty(&q->held))
		return;
	if (!loop_is_busy(q->config.loop) || clock_mono_ns() - q->held_since_ns >= COMMIT_QUEUE_HOLD_US * (uint64_t)1000)
		hand_over(q);
}

struct commit_queue *commit_queue_new(const struct commit_queue_config *config)
{
	struct commit_queue *q = mem_new(struct commit_queue);
	pthread_condattr_t monotonic;
	q->config = *config;
	list_init(&q->waiting);
	list_init(&q->held);
	if (batch_runner_init(&q->runner, config->driver, config->metrics, config->damage) != DB_OK) {
		batch_runner_finish(&q->runner);
		free(q);
		return NULL;
	}
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&q->mutex, NULL);
	pthread_cond_init(&q->more, &monotonic);
	pthread_condattr_destroy(&monotonic);
	store_thread_start(&q->thread, "store-commit", commit_thread, q);
	loop_at_turn_end(q->config.loop, TURN_END_HAND_OVER, at_turn_end, q);
	return q;
}

int commit_queue_submit(struct commit_queue *q, struct store_op *op)
{
	if (q->config.queue_max != 0 && atomic_load(&q->n_waiting) >= q->config.queue_max)
		return -EBUSY;
	memset(op->asked, 0, sizeof op->asked);
	if (list_empty(&q->held))
		q->held_since_ns = clock_mono_ns();
	list_append(&q->held, &op->link);
	atomic_fetch_add(&q->n_waiting, 1);
	metric_change(&q->config.metrics->store_waiting, 1);
	return 0;
}

void commit_queue_touch_token(struct commit_queue *q, enum touch_of of, const uint8_t hash[SECRET_HASH_BYTES], int64_t day)
{
	if (!q)
		return;
	pthread_mutex_lock(&q->mutex);
	if (q->n_touches < BATCH_TOUCHES_MAX) {
		struct batch_touch *t = &q->touches[q->n_touches++];
		t->of = of;
		memcpy(t->hash, hash, SECRET_HASH_BYTES);
		t->day = day;
	}
	pthread_mutex_unlock(&q->mutex);
}

void commit_queue_begin_epoch(struct commit_queue *q)
{
	pthread_mutex_lock(&q->mutex);
	q->n_touches = 0;
	q->new_epoch = true;
	pthread_mutex_unlock(&q->mutex);
}

void commit_queue_destroy(struct commit_queue *q)
{
	if (!q)
		return;
	loop_not_at_turn_end(q->config.loop, at_turn_end, q);
	hand_over(q);
	pthread_mutex_lock(&q->mutex);
	q->stopping = true;
	pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->mutex);
	pthread_join(q->thread, NULL);
	batch_runner_finish(&q->runner);
	pthread_cond_destroy(&q->more);
	pthread_mutex_destroy(&q->mutex);
	free(q);
}
