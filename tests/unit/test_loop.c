#include "cmocka_wrap.h"

#include "base/clock.h"
#include "base/loop.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What happened, a letter each. */
struct story {
	struct loop *loop;
	struct loop_timer *end; /* stops the loop */
	char text[4096];
	size_t n;
	unsigned n_again; /* how often the hook asks for another turn */
};

enum {
	LIMIT_MS = 60000, /* for what has to happen first */
	SLEEP_MS = 20,    /* in which a loop that does not sleep would turn a thousand times */
};

static void tell(struct story *s, char what)
{
	assert_true(s->n + 1 < sizeof(s->text));
	s->text[s->n++] = what;
}

static void stop(void *arg)
{
	struct story *s = arg;
	tell(s, 's');
	loop_stop(s->loop);
}

static void hook_a(void *arg)
{
	struct story *s = arg;
	tell(s, 'a');
	if (!s->n_again)
		return;
	loop_again(s->loop);
	if (--s->n_again == 0) /* it sleeps from the next turn on: the end is not before that, however slow the turns were */
		loop_timer_start(s->end, SLEEP_MS, 0);
}

static void hook_b(void *arg)
{
	tell(arg, 'b');
}

static void tell_t(void *arg)
{
	tell(arg, 't');
}

static void stop_after_t(void *arg)
{
	struct story *s = arg;
	if (strchr(s->text, 't'))
		loop_stop(s->loop);
}

static void run_until(struct story *s, uint64_t ms)
{
	s->end = loop_timer_new(s->loop, stop, s);
	loop_timer_start(s->end, ms, 0);
	loop_run(s->loop);
	loop_timer_destroy(s->end);
}

static void hooks_run_in_order_after_a_timer_before_sleep(void **state)
{
	(void)state;
	struct story s = {.loop = loop_new()};
	loop_at_turn_end(s.loop, TURN_END_EVENTS, hook_a, &s);
	loop_at_turn_end(s.loop, TURN_END_EVENTS, hook_b, &s);
	loop_run_once(s.loop);
	assert_string_equal(s.text, "abab"); /* before polling and after it */
	run_until(&s, SLEEP_MS);
	assert_non_null(strchr(s.text, 's'));
	assert_true(s.n < 16); /* it slept meanwhile */
	/* What a timer leaves to do is done before the sleep that follows, from which only the limit would wake the loop. */
	s.n = 0;
	memset(s.text, 0, sizeof(s.text));
	struct loop_timer *t = loop_timer_new(s.loop, tell_t, &s);
	loop_at_turn_end(s.loop, TURN_END_EVENTS, stop_after_t, &s);
	loop_timer_start(t, 1, 0);
	uint64_t start_ms = clock_mono_ms();
	run_until(&s, LIMIT_MS);
	assert_true(clock_mono_ms() - start_ms < LIMIT_MS);
	assert_non_null(strstr(s.text, "tab"));
	loop_timer_destroy(t);
	loop_destroy(s.loop);
}

static void again_means_turns_without_sleep(void **state)
{
	(void)state;
	struct story s = {.loop = loop_new(), .n_again = 500};
	loop_at_turn_end(s.loop, TURN_END_EVENTS, hook_a, &s);
	run_until(&s, LIMIT_MS);
	assert_int_equal(s.n_again, 0);
	assert_true(s.n >= 501 && s.n < 520); /* one run per turn, and it slept afterwards */
	loop_destroy(s.loop);
}

static void hook_busy(void *arg)
{
	struct story *s = arg;
	tell(s, loop_is_busy(s->loop) ? 'B' : 'i');
}

static void hook_c(void *arg)
{
	tell(arg, 'c');
}

static void hook_d(void *arg)
{
	tell(arg, 'd');
}

static void hooks_run_in_their_order_not_in_that_of_being_added(void **state)
{
	(void)state;
	struct story s = {.loop = loop_new()};
	loop_at_turn_end(s.loop, TURN_END_HAND_OVER, hook_d, &s);
	loop_at_turn_end(s.loop, TURN_END_EVENTS, hook_b, &s);
	loop_at_turn_end(s.loop, TURN_END_REPLIES, hook_a, &s);
	loop_at_turn_end(s.loop, TURN_END_EVENTS, hook_c, &s); /* behind its like */
	run_until(&s, 5);
	assert_memory_equal(s.text, "abcd", 4);
	loop_destroy(s.loop);
}

static void a_loop_is_busy_while_turns_are_asked_for(void **state)
{
	(void)state;
	struct story s = {.loop = loop_new(), .n_again = 3};
	loop_at_turn_end(s.loop, TURN_END_EVENTS, hook_busy, &s); /* before the one that asks: it learns in the next turn */
	loop_at_turn_end(s.loop, TURN_END_EVENTS, hook_a, &s);
	run_until(&s, LIMIT_MS);
	assert_memory_equal(s.text, "iaBaBaBaia", 10); /* the fourth asks no more; before sleeping the hooks run once again */
	loop_destroy(s.loop);
}

struct call {
	struct loop_call call; /* first */
	struct story *story;
	unsigned number, *next; /* of the one thread's calls */
	unsigned *n_run;        /* of all */
	unsigned stop_after;
};

static void run_call(struct loop_call *c)
{
	struct call *call = (struct call *)(void *)c;
	assert_int_equal(call->number, *call->next);
	(*call->next)++;
	if (++*call->n_run == call->stop_after)
		loop_stop(call->story->loop);
}

enum { CALLS = 20000, POSTERS = 4 };

struct poster {
	struct story *story;
	struct call *calls;
};

static void *post_all(void *arg)
{
	struct poster *p = arg;
	for (unsigned i = 0; i < CALLS / 2; i++)
		loop_post(p->story->loop, &p->calls[i].call);
	struct list rest; /* loop_call.link */
	list_init(&rest);
	for (unsigned i = CALLS / 2; i < CALLS; i++)
		list_append(&rest, &p->calls[i].call.link);
	loop_post_list(p->story->loop, &rest);
	assert_true(list_empty(&rest));
	return NULL;
}

static void calls_of_other_threads_run_once_and_in_order(void **state)
{
	(void)state;
	static struct call calls[POSTERS][CALLS];
	unsigned next[POSTERS] = {0}, n_run = 0;
	struct story s = {.loop = loop_new()};
	struct poster posters[POSTERS];
	pthread_t threads[POSTERS];
	for (unsigned p = 0; p < POSTERS; p++) {
		for (unsigned i = 0; i < CALLS; i++)
			calls[p][i] = (struct call){.call.run = run_call,
						    .story = &s,
						    .number = i,
						    .next = &next[p],
						    .n_run = &n_run,
						    .stop_after = POSTERS * CALLS};
		posters[p] = (struct poster){.story = &s, .calls = calls[p]};
	}
	for (unsigned p = 0; p < POSTERS; p++)
		assert_int_equal(pthread_create(&threads[p], NULL, post_all, &posters[p]), 0);
	loop_run(s.loop);
	for (unsigned p = 0; p < POSTERS; p++)
		pthread_join(threads[p], NULL);
	assert_int_equal(n_run, POSTERS * CALLS);
	loop_destroy(s.loop);
}

static void a_call_posted_before_the_end_still_runs(void **state)
{
	(void)state;
	unsigned next = 0, n_run = 0;
	struct story s = {.loop = loop_new()};
	struct call call = {.call.run = run_call, .story = &s, .next = &next, .n_run = &n_run};
	loop_post(s.loop, &call.call);
	loop_destroy(s.loop);
	assert_int_equal(next, 1);
	loop_destroy(NULL);
}

struct self_destroying {
	struct loop_timer *timer;
	unsigned n;
	struct story *story;
};

static void destroy_self(void *arg)
{
	struct self_destroying *d = arg;
	d->n++;
	if (d->n == 3) {
		loop_timer_destroy(d->timer);
		loop_stop(d->story->loop);
	}
}

static void timers_repeat_and_may_destroy_themselves(void **state)
{
	(void)state;
	struct story s = {.loop = loop_new()};
	struct self_destroying d = {.story = &s};
	d.timer = loop_timer_new(s.loop, destroy_self, &d);
	struct loop_timer *stopped = loop_timer_new(s.loop, stop, &s);
	loop_timer_start(stopped, 1, 0);
	loop_timer_stop(stopped);
	loop_timer_start(d.timer, 2, 2);
	loop_run(s.loop);
	assert_int_equal(d.n, 3);
	assert_int_equal(s.n, 0);
	loop_timer_destroy(stopped);
	loop_timer_destroy(NULL);
	loop_destroy(s.loop);
}

static int pipe_ends[2];

static void on_readable(void *arg)
{
	char c;
	if (read(pipe_ends[0], &c, 1) == 1)
		tell(arg, c);
}

static void watches_fire_unless_paused(void **state)
{
	(void)state;
	struct story s = {.loop = loop_new()};
	assert_int_equal(pipe(pipe_ends), 0);
	struct loop_watch *w = loop_watch_readable(s.loop, pipe_ends[0], on_readable, &s);
	loop_run_once(s.loop);
	assert_string_equal(s.text, "");
	assert_int_equal(write(pipe_ends[1], "xy", 2), 2);
	loop_run_once(s.loop);
	assert_string_equal(s.text, "x");
	loop_watch_pause(w, true);
	loop_run_once(s.loop);
	assert_string_equal(s.text, "x");
	loop_watch_pause(w, false);
	loop_run_once(s.loop);
	assert_string_equal(s.text, "xy");
	loop_watch_destroy(w);
	loop_watch_destroy(NULL);
	loop_destroy(s.loop);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

/* Two ends of a connection over TCP; the first is ours. */
static void connect_pair(int ends[2])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(ends[0], (struct sockaddr *)&at, n), 0);
	ends[1] = accept(listener, NULL, NULL);
	assert_true(ends[1] >= 0);
	close(listener);
}

struct bytewise {
	struct loop *loop;
	int fd, fault;
	size_t n;
};

static void read_a_byte(void *arg)
{
	struct bytewise *b = arg;
	char byte;
	ssize_t n = recv(b->fd, &byte, 1, MSG_DONTWAIT);
	if (n > 0) {
		b->n++;
		return;
	}
	b->fault = errno;
	loop_stop(b->loop);
}

static void give_up(void *arg)
{
	loop_stop(arg);
}

/* libuv ends a watch with its first error, and what came before that is still to be read. */
static void a_watch_goes_on_until_its_owner_has_met_the_error(void **state)
{
	(void)state;
	int ends[2];
	connect_pair(ends);
	struct bytewise b = {.loop = loop_new(), .fd = ends[0]};
	struct loop_watch *w = loop_watch_readable(b.loop, ends[0], read_a_byte, &b);
	struct loop_timer *limit = loop_timer_new(b.loop, give_up, b.loop);
	loop_timer_start(limit, LIMIT_MS, 0);
	assert_int_equal(send(ends[1], "xyz", 3, 0), 3);
	assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger)), 0);
	close(ends[1]); /* resets the connection */
	loop_run(b.loop);
	assert_int_equal(b.n, 3);
	assert_int_equal(b.fault, ECONNRESET);
	loop_watch_destroy(w);
	loop_timer_destroy(limit);
	loop_destroy(b.loop);
	close(ends[0]);
}

static void signals_arrive_on_the_loop(void **state)
{
	(void)state;
	struct story s = {.loop = loop_new()};
	assert_int_equal(loop_on_signal(s.loop, SIGUSR1, stop, &s), 0);
	raise(SIGUSR1);
	loop_run(s.loop);
	assert_string_equal(s.text, "s");
	loop_destroy(s.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hooks_run_in_order_after_a_timer_before_sleep),
		cmocka_unit_test(again_means_turns_without_sleep),
		cmocka_unit_test(hooks_run_in_their_order_not_in_that_of_being_added),
		cmocka_unit_test(a_loop_is_busy_while_turns_are_asked_for),
		cmocka_unit_test(calls_of_other_threads_run_once_and_in_order),
		cmocka_unit_test(a_call_posted_before_the_end_still_runs),
		cmocka_unit_test(timers_repeat_and_may_destroy_themselves),
		cmocka_unit_test(watches_fire_unless_paused),
		cmocka_unit_test(a_watch_goes_on_until_its_owner_has_met_the_error),
		cmocka_unit_test(signals_arrive_on_the_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
