/*
 * The one event loop (libuv, in loop.c only). One thread runs it; only loop_post() and loop_post_list() may be called from another.
 *
 * A turn = what the kernel had for us, then the end-of-turn hooks in the order of their `when`, then sleep. A hook that has more to do
 * says so with loop_again(), and the next turn follows without sleeping: new input is read in between.
 */
#ifndef PARLEY_BASE_LOOP_H
#define PARLEY_BASE_LOOP_H

#include "list.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_watch;

struct loop *loop_new(void);
void loop_destroy(struct loop *l); /* accepts NULL */
/* Runs until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* One pass without waiting; for shutting libraries down and for tests. */
void loop_run_once(struct loop *l);
/* The uv_loop_t, for a library that wants to live on it. */
void *loop_foreign(struct loop *l);
/* The loop's cached monotonic clock. */
uint64_t loop_now_ms(const struct loop *l);

/* A call to make on the loop thread; embedded by its owner, who keeps it alive until it ran. */
struct loop_call {
	struct list link; /* loop.calls */
	void (*run)(struct loop_call *c);
};
/* From any thread, which is joined before loop_destroy(); calls from one thread run in order. One wake-up however many are waiting. */
void loop_post(struct loop *l, struct loop_call *c);
/* Posts a whole list of loop_call.link at once; the list is empty afterwards. */
void loop_post_list(struct loop *l, struct list *calls);

enum turn_end {
	TURN_END_REPLIES,   /* replies go out before events: they are few, and a connection that waits for its reply takes no events */
	TURN_END_EVENTS,    /* a slice of the sweeps */
	TURN_END_HAND_OVER, /* to other threads; last, so that nothing is left behind when the loop sleeps */
};

/* fn(arg) at the end of every turn; hooks of the same `when` in the order in which they were added. Not from within a hook. */
void loop_at_turn_end(struct loop *l, enum turn_end when, void (*fn)(void *arg), void *arg);
void loop_not_at_turn_end(struct loop *l, void (*fn)(void *arg), void *arg);
/* Asks that the next turn come at once. Callable from hooks and handlers. */
void loop_again(struct loop *l);
/* Whether somebody asked for another turn: in this one, or in the one before, which is why this one came at once. */
bool loop_is_busy(const struct loop *l);

/* repeat_ms 0: once. Destroying a timer inside its callback is allowed. */
struct loop_timer *loop_timer_new(struct loop *l, void (*fn)(void *arg), void *arg);
void loop_timer_start(struct loop_timer *t, uint64_t first_ms, uint64_t repeat_ms);
void loop_timer_stop(struct loop_timer *t);
void loop_timer_destroy(struct loop_timer *t); /* accepts NULL */

/* fn(arg) when the descriptor can be read. Does not own the descriptor. */
struct loop_watch *loop_watch_readable(struct loop *l, int fd, void (*fn)(void *arg), void *arg);
void loop_watch_pause(struct loop_watch *w, bool paused);
void loop_watch_destroy(struct loop_watch *w); /* accepts NULL */

/* fn(arg) on the loop when the signal arrives. Never removed. */
int loop_on_signal(struct loop *l, int signum, void (*fn)(void *arg), void *arg);

#endif
