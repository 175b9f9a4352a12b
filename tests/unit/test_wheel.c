#include "cmocka_wrap.h"

#include "base/wheel.h"

enum { N = 200, TICK_MS = 10, SLOTS = 16 };

struct probe {
	struct wheel_timer timer; /* first: the callback gets it */
	unsigned n_fired;
	uint64_t fired_at_ms;
	struct wheel_timer *disarms;
	uint64_t rearm_ms;
};

struct world {
	struct wheel *wheel;
	uint64_t now_ms;
};

static void fired(struct wheel_timer *t, void *arg)
{
	struct probe *p = (struct probe *)(void *)t;
	struct world *w = arg;
	p->n_fired++;
	p->fired_at_ms = w->now_ms;
	if (p->disarms)
		wheel_disarm(p->disarms);
	if (p->rearm_ms)
		wheel_arm(w->wheel, t, w->now_ms + p->rearm_ms);
}

static void advance(struct world *w, uint64_t now_ms)
{
	w->now_ms = now_ms;
	wheel_advance(w->wheel, now_ms, fired, w);
}

static struct world world_new(uint64_t now_ms)
{
	return (struct world){.wheel = wheel_new(now_ms, TICK_MS, SLOTS), .now_ms = now_ms};
}

/* Deadlines up to several rounds away, looked at every 3 ms. */
static void a_timer_fires_once_and_at_most_one_tick_late(void **state)
{
	(void)state;
	struct world w = world_new(1003);
	static struct probe probes[N];
	for (uint64_t i = 0; i < N; i++)
		wheel_arm(w.wheel, &probes[i].timer, 1003 + i * 7);
	for (uint64_t now = 1003; now < 1003 + N * 7 + 100; now += 3)
		advance(&w, now);
	for (uint64_t i = 0; i < N; i++) {
		uint64_t deadline = 1003 + i * 7;
		assert_int_equal(probes[i].n_fired, 1);
		assert_true(probes[i].fired_at_ms >= deadline);
		assert_true(probes[i].fired_at_ms < deadline + 2 * TICK_MS + 3);
	}
	wheel_destroy(w.wheel);
}

static void a_long_sleep_misses_nothing(void **state)
{
	(void)state;
	struct world w = world_new(0);
	struct probe early = {0}, late = {0}, far = {0};
	wheel_arm(w.wheel, &early.timer, 5);
	wheel_arm(w.wheel, &late.timer, 100000);
	wheel_arm(w.wheel, &far.timer, 100001);
	advance(&w, 100000);
	assert_int_equal(early.n_fired, 1);
	assert_int_equal(late.n_fired, 1);
	assert_int_equal(far.n_fired, 0);
	advance(&w, 100010);
	assert_int_equal(far.n_fired, 1);
	wheel_destroy(w.wheel);
}

static void a_moved_or_disarmed_timer_leaves_its_old_deadline(void **state)
{
	(void)state;
	struct world w = world_new(0);
	struct probe moved = {0}, disarmed = {0}, never = {0};
	wheel_disarm(&never.timer);
	wheel_arm(w.wheel, &moved.timer, 20);
	wheel_arm(w.wheel, &disarmed.timer, 20);
	wheel_arm(w.wheel, &moved.timer, 50);
	wheel_disarm(&disarmed.timer);
	wheel_disarm(&disarmed.timer);
	advance(&w, 49);
	assert_int_equal(moved.n_fired, 0);
	advance(&w, 50);
	assert_int_equal(moved.n_fired, 1);
	advance(&w, 1000);
	assert_int_equal(moved.n_fired, 1);
	assert_int_equal(disarmed.n_fired, 0);
	wheel_destroy(w.wheel);
}

static void a_callback_may_disarm_another_and_arm_itself(void **state)
{
	(void)state;
	struct world w = world_new(0);
	struct probe victim = {0};
	struct probe killer = {.disarms = &victim.timer, .rearm_ms = 30};
	wheel_arm(w.wheel, &killer.timer, 20);
	wheel_arm(w.wheel, &victim.timer, 20);
	for (uint64_t now = 0; now <= 200; now += 10)
		advance(&w, now);
	assert_int_equal(victim.n_fired, 0);
	assert_int_equal(killer.n_fired, 7);
	wheel_destroy(w.wheel);
}

static void a_deadline_in_the_past_fires_with_the_next_tick(void **state)
{
	(void)state;
	struct world w = world_new(5000);
	struct probe p = {0};
	wheel_arm(w.wheel, &p.timer, 1);
	advance(&w, 5009);
	assert_int_equal(p.n_fired, 0);
	advance(&w, 5010);
	assert_int_equal(p.n_fired, 1);
	wheel_destroy(w.wheel);
	wheel_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_fires_once_and_at_most_one_tick_late),
		cmocka_unit_test(a_long_sleep_misses_nothing),
		cmocka_unit_test(a_moved_or_disarmed_timer_leaves_its_old_deadline),
		cmocka_unit_test(a_callback_may_disarm_another_and_arm_itself),
		cmocka_unit_test(a_deadline_in_the_past_fires_with_the_next_tick),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
