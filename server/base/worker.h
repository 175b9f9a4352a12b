/*
 * A few threads with one bounded queue, for work that would delay the loop (hashing, reading the store).
 * A job's owner embeds it and keeps it alive until done() has run on the loop thread.
 */
#ifndef PARLEY_BASE_WORKER_H
#define PARLEY_BASE_WORKER_H

#include "loop.h"

#include <stddef.h>

struct worker_pool;

struct worker_job {
	struct list link;                                      /* worker_pool.queue */
	struct loop_call call;                                 /* brings done() to the loop */
	void (*run)(struct worker_job *j, void *thread_state); /* on a worker thread */
	void (*done)(struct worker_job *j);                    /* on the loop thread */
};

/*
 * thread_states holds n pointers, one for the jobs of each thread; it may be NULL. queue_max is the number of jobs that may wait while every
 * thread has one; 0 is no limit.
 */
struct worker_pool *worker_pool_new(struct loop *l, const char *name, size_t n_threads, size_t queue_max, void **thread_states);
/* Loop thread only. Returns 0, or -EBUSY when the queue is full. */
int worker_submit(struct worker_pool *p, struct worker_job *j) __attribute__((warn_unused_result));
/* The jobs that no thread has begun are not run: only their done() calls are posted. Loop thread only. */
void worker_pool_drop(struct worker_pool *p);
/* Runs the queued jobs, posts their done() calls and ends the threads. Accepts NULL. */
void worker_pool_destroy(struct worker_pool *p);

#endif
