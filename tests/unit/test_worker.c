#include "cmocka_wrap.h"

#include "base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum { JOBS = 500, THREADS = 3 };

struct world {
	struct loop *loop;
	pthread_t loop_thread;
	unsigned n_done, stop_after;
	sem_t gate; /* blocks run() where a test wants it */
	bool gated;
};

struct job {
	struct worker_job job; /* first */
	struct world *world;
	bool ran;
	void *thread_state;
};

static void run(struct worker_job *j, void *thread_state)
{
	struct job *job = (struct job *)(void *)j;
	if (job->world->gated)
		sem_wait(&job->world->gate);
	assert_false(pthread_equal(pthread_self(), job->world->loop_thread));
	job->ran = true;
	job->thread_state = thread_state;
}

static void done(struct worker_job *j)
{
	struct job *job = (struct job *)(void *)j;
	assert_true(pthread_equal(pthread_self(), job->world->loop_thread));
	assert_true(job->ran);
	if (++job->world->n_done == job->world->stop_after)
		loop_stop(job->world->loop);
}

static struct job job_of(struct world *w)
{
	return (struct job){.job = {.run = run, .done = done}, .world = w};
}

static void each_job_runs_on_a_thread_and_is_done_on_the_loop(void **state)
{
	(void)state;
	struct world w = {.loop = loop_new(), .loop_thread = pthread_self(), .stop_after = JOBS};
	static struct job jobs[JOBS];
	char states[THREADS];
	void *thread_states[THREADS] = {&states[0], &states[1], &states[2]};
	struct worker_pool *p = worker_pool_new(w.loop, "test", THREADS, 0, thread_states);
	for (unsigned i = 0; i < JOBS; i++) {
		jobs[i] = job_of(&w);
		assert_int_equal(worker_submit(p, &jobs[i].job), 0);
	}
	loop_run(w.loop);
	assert_int_equal(w.n_done, JOBS);
	for (unsigned i = 0; i < JOBS; i++)
		assert_in_range((uintptr_t)jobs[i].thread_state, (uintptr_t)&states[0], (uintptr_t)&states[2]);
	worker_pool_destroy(p);
	loop_destroy(w.loop);
}

static void a_full_queue_refuses(void **state)
{
	(void)state;
	struct world w = {.loop = loop_new(), .loop_thread = pthread_self(), .stop_after = 3, .gated = true};
	sem_init(&w.gate, 0, 0);
	struct worker_pool *p = worker_pool_new(w.loop, "test", 1, 2, NULL);
	struct job jobs[4];
	for (unsigned i = 0; i < 4; i++)
		jobs[i] = job_of(&w);
	assert_int_equal(worker_submit(p, &jobs[0].job), 0);
	assert_int_equal(worker_submit(p, &jobs[1].job), 0); /* whether or not the one thread has the first by now */
	assert_int_equal(worker_submit(p, &jobs[2].job), 0);
	assert_int_equal(worker_submit(p, &jobs[3].job), -EBUSY);
	for (unsigned i = 0; i < 3; i++)
		sem_post(&w.gate);
	loop_run(w.loop);
	assert_int_equal(w.n_done, 3);
	assert_false(jobs[3].ran);
	worker_pool_destroy(p);
	loop_destroy(w.loop);
	sem_destroy(&w.gate);
}

static void destroying_finishes_what_was_queued(void **state)
{
	(void)state;
	struct world w = {.loop = loop_new(), .loop_thread = pthread_self()};
	static struct job jobs[JOBS];
	struct worker_pool *p = worker_pool_new(w.loop, "test", THREADS, 0, NULL);
	for (unsigned i = 0; i < JOBS; i++) {
		jobs[i] = job_of(&w);
		assert_int_equal(worker_submit(p, &jobs[i].job), 0);
	}
	worker_pool_destroy(p);
	worker_pool_destroy(NULL);
	assert_int_equal(w.n_done, 0); /* done() is the loop's */
	loop_run_once(w.loop);
	assert_int_equal(w.n_done, JOBS);
	loop_destroy(w.loop);
}

static void done_without_a_run(struct worker_job *j)
{
	struct job *job = (struct job *)(void *)j;
	if (++job->world->n_done == job->world->stop_after)
		loop_stop(job->world->loop);
}

static void dropped_jobs_are_done_and_not_run(void **state)
{
	(void)state;
	enum { N = 5 };
	struct world w = {.loop = loop_new(), .loop_thread = pthread_self(), .stop_after = N, .gated = true};
	struct job jobs[N];
	sem_init(&w.gate, 0, 0);
	struct worker_pool *p = worker_pool_new(w.loop, "test", 1, 0, NULL);
	for (unsigned i = 0; i < N; i++) {
		jobs[i] = job_of(&w);
		jobs[i].job.done = done_without_a_run;
		assert_int_equal(worker_submit(p, &jobs[i].job), 0);
	}
	worker_pool_drop(p);
	for (unsigned i = 0; i < N; i++)
		sem_post(&w.gate);
	loop_run(w.loop);
	assert_int_equal(w.n_done, N);
	for (unsigned i = 1; i < N; i++)
		assert_false(jobs[i].ran); /* the thread may have begun with the first */
	worker_pool_destroy(p);
	loop_destroy(w.loop);
	sem_destroy(&w.gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_job_runs_on_a_thread_and_is_done_on_the_loop),
		cmocka_unit_test(a_full_queue_refuses),
		cmocka_unit_test(destroying_finishes_what_was_queued),
		cmocka_unit_test(dropped_jobs_are_done_and_not_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
