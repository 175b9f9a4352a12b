/*
 * The one event loop (libuv, in loop.c only). One thread runs it; only loop_post() and loop_post_list() may be called from another.
 *
 * A turn handles what the kernel reports, runs the end-of-turn hooks in the order of their `when`, and sleeps. A hook that has more to do
 * calls loop_again(). The next turn then follows without sleep, and new input is read in between.
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
/* Runs one turn without waiting. Shutting a library down and tests need it. */
void loop_run_once(struct loop *l);
/* Returns the uv_loop_t, for a library that runs on it. */
void *loop_foreign(struct loop *l);
/* The loop's cached monotonic clock. */
uint64_t loop_now_ms(const struct loop *l);

/* A call to make on the loop thread. Its owner embeds it and keeps it alive until it has run. */
struct loop_call {
	struct list link; /* loop.calls */
	void (*run)(struct loop_call *c);
};
/* Callable from any thread that is joined before loop_destroy(). The calls of one thread run in order. Many waiting calls cost one wake-up. */
void loop_post(struct loop *l, struct loop_call *c);
/* Posts a list of loop_call.link at once. The list is empty afterwards. */
void loop_post_list(struct loop *l, struct list *calls);

enum turn_end {
	TURN_END_REPLIES,   /* replies go out before events: they are few, and a connection takes no events while its reply waits */
	TURN_END_EVENTS,    /* a slice of the sweeps */
	TURN_END_HAND_OVER, /* to other threads; it comes last, so that nothing is left when the loop sleeps */
};

/* Calls fn(arg) at the end of every turn. Hooks of the same `when` run in the order in which they were added. Not callable from a hook. */
void loop_at_turn_end(struct loop *l, enum turn_end when, void (*fn)(void *arg), void *arg);
void loop_not_at_turn_end(struct loop *l, void (*fn)(void *arg), void *arg);
/* Makes the next turn follow without sleep. Callable from hooks and handlers. */
void loop_again(struct loop *l);
/* Returns true when loop_again() was called in this turn or in the one before it. */
bool loop_is_busy(const struct loop *l);

/* A timer with repeat_ms 0 fires once. Its callback may destroy it. */
struct loop_timer *loop_timer_new(struct loop *l, void (*fn)(void *arg), void *arg);
void loop_timer_start(struct loop_timer *t, uint64_t first_ms, uint64_t repeat_ms);
void loop_timer_stop(struct loop_timer *t);
void loop_timer_destroy(struct loop_timer *t); /* accepts NULL */

/* Calls fn(arg) when the descriptor can be read. The descriptor stays the caller's. */
struct loop_watch *loop_watch_readable(struct loop *l, int fd, void (*fn)(void *arg), void *arg);
/* Calls fn(arg) also when the descriptor can be written, for as long as that is wanted. fn tries both: it is not told which of them it is. */
void loop_watch_writable(struct loop_watch *w, bool wanted);
void loop_watch_pause(struct loop_watch *w, bool paused);
void loop_watch_destroy(struct loop_watch *w); /* accepts NULL */

/* Calls fn(arg) on the loop thread when the signal arrives. It stays until the loop is destroyed. */
int loop_on_signal(struct loop *l, int signum, void (*fn)(void *arg), void *arg);

#endif
