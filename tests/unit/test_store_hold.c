/* How long a busy loop holds writes back. The clock is the test's own: nothing is due before the test says so. */
#include "cmocka_wrap.h"

#include "fake_clock.h"
#include "store/work/commit_queue.h"
#include "store_fixture.h"

enum { TURNS = 10, TURN_NS = 90000, HOLD_NS = COMMIT_QUEUE_HOLD_US * 1000 };

static void ask_for_turns(void *loop)
{
	loop_again(loop);
}

static struct store_append message(uint64_t room, uint64_t author, struct buf data)
{
	return (struct store_append){.room_no = room, .author_no = author, .type = EVENT_MESSAGE_CREATED, .data = data};
}

static void finish(struct store_fixture *f, struct store_append *op)
{
	store_fixture_wait(f, &op->op);
	assert_int_equal(op->op.result, 0);
	event_free(op->event);
}

/* Other work of the store, on threads of its own, and many turns: the writer has time for what it was given. */
static void read_on(struct store_fixture *f, uint64_t room)
{
	for (int i = 0; i < 50; i++) {
		struct store_room_find find = {.room_no = room};
		assert_int_equal(store_fixture_do(f, &find.op, STORE_ROOM_FIND), 0);
		store_room_finish(&find.room);
	}
}

/* One write in each turn, for less than the millisecond, and then the millisecond is over. */
static void a_busy_loop_hands_over_what_came_in_a_millisecond(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "general", ann);
	auto_buf data = json_from("{}");
	loop_at_turn_end(f->loop, TURN_END_EVENTS, ask_for_turns, f->loop);
	loop_run_once(f->loop);
	for (int round = 0; round < 5; round++) {
		struct store_append ops[TURNS];
		uint64_t commits = f->metrics.commits_total;
		for (size_t i = 0; i < TURNS; i++) {
			ops[i] = message(room, ann, data);
			assert_int_equal(store_fixture_submit(f, &ops[i].op, STORE_APPEND), 0);
			loop_run_once(f->loop);
			fake_clock_advance_ns(TURN_NS);
		}
		read_on(f, room);
		assert_int_equal(f->metrics.commits_total - commits, 0);
		fake_clock_advance_ns(HOLD_NS - TURNS * TURN_NS);
		for (size_t i = 0; i < TURNS; i++) /* the loop stays busy, and yet they are done */
			finish(f, &ops[i]);
		assert_int_equal(f->metrics.commits_total - commits, 1);
	}
	loop_not_at_turn_end(f->loop, ask_for_turns, f->loop);
}

static void a_loop_that_is_not_busy_hands_over_at_once(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "general", ann);
	auto_buf data = json_from("{}");
	for (int round = 0; round < 5; round++) {
		struct store_append op = message(room, ann, data);
		assert_int_equal(store_fixture_submit(f, &op.op, STORE_APPEND), 0);
		finish(f, &op); /* no time passes */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_busy_loop_hands_over_what_came_in_a_millisecond, store_fixture_setup,
						store_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_loop_that_is_not_busy_hands_over_at_once, store_fixture_setup, store_fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
