/* What the store does when another writer is in the way, and when the connection is lost: commits with an unknown end are decided. */
#include "store_world.h"

static void a_lost_race_goes_again_one_by_one_and_in_order(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{\"text\":\"x\"}");
	struct store_append ops[MANY];
	uint64_t before = n_commits(w);
	atomic_store(&w->lost_commits, 1);
	for (size_t i = 0; i < MANY; i++) {
		ops[i] = message(w, data);
		submit(w, &ops[i].op, STORE_APPEND);
	}
	for (size_t i = 0; i < MANY; i++) {
		store_fixture_wait(w->f, &ops[i].op);
		assert_int_equal(ops[i].op.result, 0);
		assert_int_equal(ops[i].seq, 3 + i);
		event_free(ops[i].event);
	}
	assert_int_equal(n_commits(w) - before, MANY);
	/* And in one batch again. */
	before = n_commits(w);
	for (size_t i = 0; i < MANY; i++) {
		ops[i] = message(w, data);
		submit(w, &ops[i].op, STORE_APPEND);
	}
	for (size_t i = 0; i < MANY; i++) {
		store_fixture_wait(w->f, &ops[i].op);
		event_free(ops[i].event);
	}
	assert_int_equal(n_commits(w) - before, 1);
}

static void a_race_that_is_lost_on_and_on_is_given_up(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	struct store_append op = message(w, data);
	atomic_store(&w->lost_commits, 5);
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), -ENOTCONN);
	assert_null(op.event);
	assert_int_equal(atomic_load(&w->lost_commits), 0);
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), 0);
	assert_int_equal(op.seq, 3);
	event_free(op.event);
}

static void who_loses_a_name_to_another_writer_finds_it_taken(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	struct store_append before = message(w, data), after = message(w, data);
	struct store_user_create eve = {.id = fresh_id(), .name = text_from("eve"), .name_key = text_from("eve")};
	w->by_other = "INSERT INTO account (no, id, kind, role, name, name_key, created_ms, skeleton)"
		      " VALUES (1000, randomblob(16), 0, 0, 'eve', 'eve', 0, 'eve')";
	atomic_store(&w->lost_commits, 1);
	submit(w, &before.op, STORE_APPEND);
	submit(w, &eve.op, STORE_USER_CREATE);
	submit(w, &after.op, STORE_APPEND);
	store_fixture_wait(w->f, &after.op);
	assert_int_equal(before.op.result, 0);
	assert_int_equal(eve.op.result, -EEXIST);
	assert_int_equal(after.op.result, 0);
	assert_int_equal(after.seq, before.seq + 1);
	event_free(before.event);
	event_free(after.event);
}

/* Waits until what was submitted has lost its connection, and the writer refuses what comes. */
static void wait_until_away(struct world *w)
{
	while (atomic_load(&w->away) != 0)
		loop_run_once(w->f->loop);
	struct store_op ping;
	do {
		ping = (struct store_op){0};
	} while (store_fixture_do(w->f, &ping, STORE_PING) != -ENOTCONN);
}

static void a_commit_that_is_not_known_is_decided_before_anybody_is_told(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	for (int was_done = 0; was_done < 2; was_done++) {
		struct store_append op = message(w, data), more = message(w, data);
		atomic_store(&w->is_cut, true);
		atomic_store(&w->away, was_done ? 2 : 1);
		submit(w, &op.op, STORE_APPEND);
		submit(w, &more.op, STORE_APPEND);
		wait_until_away(w);
		assert_non_null(op.op.done); /* not answered */
		atomic_store(&w->is_cut, false);
		store_fixture_wait(w->f, &op.op);
		store_fixture_wait(w->f, &more.op);
		assert_int_equal(op.op.result, 0);
		assert_int_equal(op.seq, 3 + 2 * was_done);
		assert_int_equal(more.op.result, 0);
		assert_int_equal(more.seq, 4 + 2 * was_done);
		store_op_finish(&op.op);
		store_op_finish(&more.op);
		struct store_op ping = {0};
		assert_int_equal(store_fixture_do(w->f, &ping, STORE_PING), 0);
	}
	/* Each is there once: verify counts them at the end. */
	assert_int_equal(send_text(w->f, w->room, w->ann, "{}"), 7);
}

/* Others clear the rows away of writers that did nothing for long. */
static void a_writer_without_a_row_has_one_again_with_its_next_batch(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	struct store_append first = message(w, data), op = message(w, data);
	op.has_client_id = false;
	store_fixture_change(w->f, "DELETE FROM writer");
	assert_int_equal(store_fixture_do(w->f, &first.op, STORE_APPEND), 0);
	atomic_store(&w->away, 2);
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), 0);
	assert_int_equal(op.seq, 4);
	assert_int_equal(send_text(w->f, w->room, w->ann, "{}"), 5);
	event_free(first.event);
	event_free(op.event);
}

static void a_store_that_closes_undecided_acknowledges_nothing(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	struct store_append op = message(w, data);
	atomic_store(&w->is_cut, true);
	atomic_store(&w->away, 2);
	submit(w, &op.op, STORE_APPEND);
	wait_until_away(w);
	store_fixture_close(w->f);
	assert_null(op.op.done);
	assert_int_equal(op.op.result, -ENOTCONN);
	assert_null(op.event);
	/* The client repeats it. */
	atomic_store(&w->is_cut, false);
	assert_true(store_fixture_open(w->f));
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), 0);
	assert_true(op.duplicate);
	assert_int_equal(op.seq, 3);
}

static void a_connection_that_is_lost_before_the_commit_is_not_noticed(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	struct store_append op = message(w, data);
	atomic_store(&w->away_sends, 1);
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), 0);
	assert_int_equal(op.seq, 3);
	event_free(op.event);
	op = message(w, data);
	atomic_store(&w->is_cut, true);
	atomic_store(&w->away_sends, 1);
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), -ENOTCONN);
	atomic_store(&w->is_cut, false);
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), 0);
	assert_int_equal(op.seq, 4);
	event_free(op.event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_lost_race_goes_again_one_by_one_and_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_race_that_is_lost_on_and_on_is_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(who_loses_a_name_to_another_writer_finds_it_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(a_commit_that_is_not_known_is_decided_before_anybody_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_writer_without_a_row_has_one_again_with_its_next_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(a_store_that_closes_undecided_acknowledges_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_connection_that_is_lost_before_the_commit_is_not_noticed, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
