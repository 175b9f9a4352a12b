/* Batches of operations that all look before the first one writes: each is decided the same way as one after the other. */
#include "store_world.h"

static void what_does_not_touch_goes_in_one_batch(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{\"text\":\"x\"}");
	struct store_append ops[MANY];
	struct store_read_mark marks[MANY];
	uint64_t before = n_commits(w);
	for (size_t i = 0; i < MANY; i++) {
		ops[i] = message(w, data);
		submit(w, &ops[i].op, STORE_APPEND);
		marks[i] = (struct store_read_mark){.room_no = w->room, .user_no = w->ann, .seq = 1};
		submit(w, &marks[i].op, STORE_READ_MARK);
	}
	for (size_t i = 0; i < MANY; i++) {
		store_fixture_wait(w->f, &ops[i].op);
		store_fixture_wait(w->f, &marks[i].op);
		assert_int_equal(ops[i].op.result, 0);
		assert_int_equal(ops[i].seq, 3 + i);
		assert_int_equal(marks[i].op.result, 0);
		assert_int_equal(marks[i].read_seq, 3 + i); /* with the message before it */
		event_free(ops[i].event);
	}
	assert_int_equal(n_commits(w) - before, 1);
}

/* Each pair is decided the same way as one after the other, and takes two batches. */
static void what_an_earlier_operation_changed_is_looked_at_again(void **state)
{
	struct world *w = *state;
	struct store_fixture *f = w->f;
	auto_buf data = json_from("{}");
	uint64_t bob = make_user(f, "bob", USER_PERSON), before;

	before = n_commits(w);
	struct store_join join = {.room_no = w->room, .user_no = bob}, again = join;
	struct store_leave leave = {.room_no = w->room, .user_no = bob, .data = data}, gone = leave;
	submit(w, &join.op, STORE_JOIN);
	submit(w, &again.op, STORE_JOIN);
	submit(w, &leave.op, STORE_LEAVE);
	submit(w, &gone.op, STORE_LEAVE);
	store_fixture_wait(f, &gone.op);
	assert_int_equal(join.op.result, 0);
	assert_non_null(join.event);
	assert_int_equal(again.op.result, 0);
	assert_null(again.event);
	assert_int_equal(leave.op.result, 0);
	assert_int_equal(gone.op.result, -ENOENT);
	assert_int_equal(n_commits(w) - before, 3); /* join | again, leave | gone */
	store_op_finish(&join.op);
	store_op_finish(&again.op);
	store_op_finish(&leave.op);

	struct store_append first = message(w, data), repeated = first, reply = message(w, data);
	first.has_client_id = repeated.has_client_id = true;
	reply.target_seq = 5;
	before = n_commits(w);
	submit(w, &first.op, STORE_APPEND); /* seq 5: after the room's two, the join and the leave */
	submit(w, &repeated.op, STORE_APPEND);
	submit(w, &reply.op, STORE_APPEND);
	store_fixture_wait(f, &reply.op);
	assert_int_equal(first.seq, 5);
	assert_true(repeated.duplicate);
	assert_int_equal(repeated.seq, 5);
	assert_int_equal(reply.op.result, 0);
	assert_int_equal(reply.seq, 6);
	assert_int_equal(n_commits(w) - before, 2);
	store_op_finish(&first.op);
	store_op_finish(&reply.op);
}

static void tokens_are_looked_at_again(void **state)
{
	struct world *w = *state;
	struct store_fixture *f = w->f;
	uint64_t guest = make_user(f, "g", USER_GUEST);
	struct store_token_delete sign_out = {0};
	struct store_sign_in find = {.user_no = guest};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_SIGN_IN), 0);
	memcpy(sign_out.hash, find.user.id.b, sizeof find.user.id.b);
	store_sign_in_finish(&find);
	struct store_token_delete twice = sign_out;
	struct store_join late = {.room_no = w->room, .user_no = guest};
	submit(w, &sign_out.op, STORE_TOKEN_DELETE);
	submit(w, &twice.op, STORE_TOKEN_DELETE);
	submit(w, &late.op, STORE_JOIN);
	store_fixture_wait(f, &late.op);
	assert_int_equal(sign_out.op.result, 0);
	assert_int_equal(twice.op.result, -ENOENT);
	assert_int_equal(late.op.result, -ENOENT);
	store_op_finish(&late.op);
}

static void an_event_that_is_new_in_the_batch_is_looked_at_again(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	uint64_t before = n_commits(w);
	struct store_append first = message(w, data), reply = message(w, data);
	struct store_read_mark mark = {.room_no = w->room, .user_no = make_user(w->f, "bob", USER_PERSON), .seq = 4};
	join_room(w->f, w->room, mark.user_no); /* seq 3 */
	before = n_commits(w);
	reply.target_seq = 4;
	submit(w, &first.op, STORE_APPEND);
	submit(w, &reply.op, STORE_APPEND);
	store_fixture_wait(w->f, &reply.op);
	assert_int_equal(reply.op.result, 0);
	assert_int_equal(reply.seq, 5);
	assert_int_equal(n_commits(w) - before, 2);
	store_op_finish(&first.op);
	store_op_finish(&reply.op);
	first = message(w, data);
	reply = message(w, data);
	mark.seq = 6;
	submit(w, &first.op, STORE_APPEND);
	submit(w, &reply.op, STORE_APPEND);
	submit(w, &mark.op, STORE_READ_MARK);
	store_fixture_wait(w->f, &mark.op);
	assert_int_equal(mark.op.result, 0);
	assert_int_equal(mark.read_seq, 6);
	assert_int_equal(mark.read_messages, 3);
	store_op_finish(&first.op);
	store_op_finish(&reply.op);
}

static void the_order_holds_where_a_batch_ends_early(void **state)
{
	enum { LONG = 1200 };
	struct world *w = *state;
	auto_buf data = json_from("{}");
	struct store_append *ops = calloc(LONG, sizeof *ops);
	for (size_t i = 0; i < LONG; i++) {
		ops[i] = message(w, data);
		if (i % 100 == 50)
			ops[i].client_id = ops[i - 1].client_id;
		submit(w, &ops[i].op, STORE_APPEND);
	}
	uint64_t last = 2;
	for (size_t i = 0; i < LONG; i++) {
		store_fixture_wait(w->f, &ops[i].op);
		assert_int_equal(ops[i].op.result, 0);
		assert_int_equal(ops[i].duplicate, i % 100 == 50);
		assert_int_equal(ops[i].seq, ops[i].duplicate ? last : last + 1);
		last = ops[i].seq;
		event_free(ops[i].event);
	}
	free(ops);
}

static void what_another_writer_did_is_read_again_for_each_batch(void **state)
{
	struct world *w = *state;
	assert_int_equal(send_text(w->f, w->room, w->ann, "{}"), 3);
	store_fixture_change(w->f, "INSERT INTO event (pk, id, type, at_ms, n_messages, json)"
				   " SELECT pk + 1, randomblob(16), type, at_ms, n_messages + 1, json FROM event WHERE pk < 134217725 << 36"
				   " ORDER BY pk DESC LIMIT 1;"
				   "UPDATE room SET last_seq = last_seq + 1, n_messages = n_messages + 1 WHERE no < 134217725");
	assert_int_equal(send_text(w->f, w->room, w->ann, "{}"), 5);
	store_fixture_close(w->f); /* unverified: the event's JSON is another one's */
}

static void names_of_users_and_passwords_are_looked_at_again(void **state)
{
	struct world *w = *state;
	struct store_fixture *f = w->f;
	struct store_user_create carl = {
		.id = fresh_id(), .name = text_from("carl"), .name_key = text_from("carl"), .first_owner = true, .role = USER_ROLE_OWNER};
	struct store_user_create other = carl, looks_so = carl, dora = carl;
	other.id = fresh_id();
	other.first_owner = false;
	looks_so = other;
	looks_so.id = fresh_id();
	looks_so.name = looks_so.name_key = text_from("\xd1\x81"
						      "arl"); /* with a Cyrillic letter */
	dora.id = fresh_id();
	dora.name = dora.name_key = text_from("dora");
	struct store_user_set set = {.name_key = text_from("carl"), .password_hash = "two"};
	struct store_token_create old = {.password_hash = "one"}, new = {.password_hash = "two"};
	submit(w, &carl.op, STORE_USER_CREATE);
	submit(w, &other.op, STORE_USER_CREATE);
	submit(w, &looks_so.op, STORE_USER_CREATE);
	submit(w, &dora.op, STORE_USER_CREATE);
	submit(w, &set.op, STORE_USER_SET);
	store_fixture_wait(f, &set.op);
	assert_int_equal(carl.op.result, 0);
	assert_int_equal(other.op.result, -EEXIST);
	assert_int_equal(looks_so.op.result, -EEXIST);
	assert_int_equal(dora.op.result, -EPERM);
	assert_int_equal(set.op.result, 0);
	set.password_hash = "one";
	old.user_no = new.user_no = carl.user_no;
	memset(new.hash, 1, sizeof new.hash);
	submit(w, &set.op, STORE_USER_SET);
	submit(w, &new.op, STORE_TOKEN_CREATE);
	submit(w, &old.op, STORE_TOKEN_CREATE);
	store_fixture_wait(f, &old.op);
	assert_int_equal(new.op.result, -ENOENT);
	assert_int_equal(old.op.result, 0);
}

static void names_of_rooms_are_looked_at_again(void **state)
{
	struct world *w = *state;
	struct store_fixture *f = w->f;
	auto_buf data = json_from("{}");
	struct store_room_create den = {.id = fresh_id(),
					.name = text_from("den"),
					.name_key = text_from("den"),
					.owner_no = w->ann,
					.created_data = data,
					.joined_data = data};
	struct store_room_create den_again = den, cave = den;
	struct store_room_update rename = {
		.room_no = w->room, .user_no = w->ann, .name = text_from("cave"), .name_key = text_from("cave"), .data = data};
	den_again.id = fresh_id();
	cave.id = fresh_id();
	cave.name = cave.name_key = text_from("cave");
	submit(w, &den.op, STORE_ROOM_CREATE);
	submit(w, &den_again.op, STORE_ROOM_CREATE);
	submit(w, &rename.op, STORE_ROOM_UPDATE);
	submit(w, &cave.op, STORE_ROOM_CREATE);
	store_fixture_wait(f, &cave.op);
	assert_int_equal(den.op.result, 0);
	assert_int_equal(den_again.op.result, -EEXIST);
	assert_int_equal(rename.op.result, 0);
	assert_int_equal(cave.op.result, -EEXIST);
	store_op_finish(&den.op);
	store_op_finish(&rename.op);
}

static void the_number_of_rooms_counts_what_the_batch_did(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	struct store_room_create rooms[4];
	char names[4][10];
	uint64_t before = n_commits(w);
	for (size_t i = 0; i < 4; i++) {
		snprintf(names[i], sizeof names[i], "room %zu", i);
		rooms[i] = (struct store_room_create){.id = fresh_id(),
						      .name = text_from(names[i]),
						      .name_key = text_from(names[i]),
						      .owner_no = w->ann,
						      .most_rooms = 3,
						      .created_data = data,
						      .joined_data = data};
		submit(w, &rooms[i].op, STORE_ROOM_CREATE);
	}
	store_fixture_wait(w->f, &rooms[3].op);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(rooms[i].op.result, i < 2 ? 0 : -EDQUOT); /* ann is in one already */
		store_op_finish(&rooms[i].op);
	}
	assert_true(n_commits(w) - before >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_does_not_touch_goes_in_one_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(what_an_earlier_operation_changed_is_looked_at_again, setup, teardown),
		cmocka_unit_test_setup_teardown(tokens_are_looked_at_again, setup, teardown),
		cmocka_unit_test_setup_teardown(an_event_that_is_new_in_the_batch_is_looked_at_again, setup, teardown),
		cmocka_unit_test_setup_teardown(the_order_holds_where_a_batch_ends_early, setup, teardown),
		cmocka_unit_test_setup_teardown(what_another_writer_did_is_read_again_for_each_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(names_of_users_and_passwords_are_looked_at_again, setup, teardown),
		cmocka_unit_test_setup_teardown(names_of_rooms_are_looked_at_again, setup, teardown),
		cmocka_unit_test_setup_teardown(the_number_of_rooms_counts_what_the_batch_did, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
