#include "base/worker.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct worker_thread {
	pthread_t id;
	struct worker_pool *pool;
	void *state;
};

struct worker_pool {
	struct loop *loop;
	pthread_mutex_t lock; /* guards the members below up to `ending` */
	pthread_cond_t more;
	struct list queue;                     /* worker_job.link */
	size_t n_unfinished, n_unfinished_max; /* 0: no limit */
	bool ending;
	char name[16];
	size_t n_threads;
	struct worker_thread threads[];
};

static void job_done(struct loop_call *c)
{
	struct worker_job *j = list_entry(c, struct worker_job, call);
	j->done(j);
}

/* Returns NULL when the pool is ending and no job is left. */
static struct worker_job *wait_for_job(struct worker_pool *p)
{
	struct worker_job *j = NULL;
	pthread_mutex_lock(&p->lock);
	while (list_empty(&p->queue) && !p->ending)
		pthread_cond_wait(&p->more, &p->lock);
	if (!list_empty(&p->queue)) {
		j = list_entry(p->queue.next, struct worker_job, link);
		list_remove(&j->link);
	}
	pthread_mutex_unlock(&p->lock);
	return j;
}

static void count_finished(struct worker_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->n_unfinished--;
	pthread_mutex_unlock(&p->lock);
}

static void *run_thread(void *arg)
{
	struct worker_thread *t = arg;
	pthread_setname_np(pthread_self(), t->pool->name);
	for (struct worker_job *j; (j = wait_for_job(t->pool));) {
		j->run(j, t->state);
		count_finished(t->pool);
		loop_post(t->pool->loop, &j->call);
	}
	return NULL;
}

/* The loop thread handles all signals, so the threads start with all signals blocked. */
static void start_threads(struct worker_pool *p)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (size_t i = 0; i < p->n_threads; i++) {
		if (pthread_create(&p->threads[i].id, NULL, run_thread, &p->threads[i]))
			abort(); /* as when memory runs out: there is no server without threads */
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct worker_pool *worker_pool_new(struct loop *l, const char *name, size_t n_threads, size_t queue_max, void **thread_states)
{
	assert(n_threads > 0);
	struct worker_pool *p = mem_zalloc(sizeof(*p) + n_threads * sizeof(p->threads[0]));
	p->loop = l;
	p->n_unfinished_max = queue_max ? queue_max + n_threads : 0;
	p->n_threads = n_threads;
	snprintf(p->name, sizeof(p->name), "%s", name);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	list_init(&p->queue);
	for (size_t i = 0; i < n_threads; i++) {
		p->threads[i].pool = p;
		p->threads[i].state = thread_states ? thread_states[i] : NULL;
	}
	start_threads(p);
	return p;
}

int worker_submit(struct worker_pool *p, struct worker_job *j)
{
	int error = 0;
	j->call.run = job_done;
	pthread_mutex_lock(&p->lock);
	assert(!p->ending);
	if (p->n_unfinished_max && p->n_unfinished >= p->n_unfinished_max) {
		error = -EBUSY;
	} else {
		list_append(&p->queue, &j->link);
		p->n_unfinished++;
	}
	pthread_mutex_unlock(&p->lock);
	if (error == 0)
		pthread_cond_signal(&p->more);
	return error;
}

void worker_pool_drop(struct worker_pool *p)
{
	struct list dropped;
	list_init(&dropped);
	pthread_mutex_lock(&p->lock);
	while (!list_empty(&p->queue)) {
		struct list *first = p->queue.next;
		list_remove(first);
		list_append(&dropped, first);
		p->n_unfinished--;
	}
	pthread_mutex_unlock(&p->lock);
	list_for_each_safe(it, &dropped) {
		struct worker_job *j = list_entry(it, struct worker_job, link);
		list_remove(it);
		loop_post(p->loop, &j->call);
	}
}

void worker_pool_destroy(struct worker_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i].id, NULL);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
