/* What the store does over a database that others write too: batches that look ahead, lost races, and commits of which nobody knows. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

enum { MANY = 60 };

/* The writer's connection, with what the test puts between. */
struct world {
	struct store_fixture *f;
	uint64_t ann, room;
	struct db_methods methods;
	const struct db_methods *real;
	struct store_driver_methods driver;
	_Atomic int lost_commits; /* so many commits lose a race */
	_Atomic int away;         /* the next commit loses its connection: 1 before it is done, 2 after */
	_Atomic bool is_cut;      /* there is no connection to be had */
	_Atomic int away_sends;   /* so many changes lose their connection */
	const char *by_other;     /* SQL: what another writer did after the next rollback */
};

static struct world *now; /* the driver's functions have no argument of the test */

static int commit(struct db *db)
{
	if (atomic_load(&now->lost_commits) > 0) {
		atomic_fetch_sub(&now->lost_commits, 1);
		return DB_LOST_RACE;
	}
	int away = atomic_exchange(&now->away, 0);
	if (away == 1)
		return DB_AWAY;
	int rc = now->real->commit(db);
	return away == 2 && rc == DB_OK ? DB_AWAY : rc;
}

static int send(struct db *db, const struct db_statement *statement, const struct db_value *values, size_t n_values)
{
	if (atomic_load(&now->away_sends) > 0) {
		atomic_fetch_sub(&now->away_sends, 1);
		return DB_AWAY;
	}
	return now->real->send(db, statement, values, n_values);
}

static int rollback(struct db *db)
{
	int rc = now->real->rollback(db);
	if (now->by_other) {
		struct sqlite_connection *c = &db_sqlite_of(db)->connection;
		assert_int_equal(sqlite_connection_exec(c, now->by_other), SQLITE_OK);
		now->by_other = NULL;
	}
	return rc;
}

static int reconnect(struct store_driver *driver)
{
	(void)driver;
	return atomic_load(&now->is_cut) ? DB_AWAY : DB_OK;
}

static void with_writer(struct store_driver *driver, void *arg)
{
	store_shared_writer(driver, arg);
	now->real = driver->db->methods;
	now->methods = *now->real;
	now->methods.commit = commit;
	now->methods.send = send;
	now->methods.rollback = rollback;
	driver->db->methods = &now->methods;
	now->driver = *driver->methods;
	now->driver.reconnect = reconnect;
	driver->methods = &now->driver;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	*state = now = w;
	w->f = store_fixture_new("/tmp");
	w->f->with_writer = with_writer;
	if (!store_fixture_open(w->f))
		return -1;
	w->ann = make_user(w->f, "ann", USER_PERSON);
	w->room = make_room(w->f, "r", w->ann);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	uint64_t faults = w->f->store ? count_faults(w->f) : 0;
	store_fixture_destroy(w->f);
	free(w);
	return faults == 0 ? 0 : -1;
}

static struct store_append message(const struct world *w, struct buf data)
{
	return (struct store_append){.room_no = w->room,
				     .author_no = w->ann,
				     .type = EVENT_MESSAGE_CREATED,
				     .data = data,
				     .has_client_id = true,
				     .client_id = fresh_id()};
}

/* What is submitted in one turn is ready at once, and so is one batch. */
static void submit(struct world *w, struct store_op *op, enum store_op_kind kind)
{
	assert_int_equal(store_fixture_submit(w->f, op, kind), 0);
}

static uint64_t n_commits(const struct world *w)
{
	return w->f->metrics.commits_total;
}

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

/* Each pair is decided as it would be one after the other, and takes two batches. */
static void what_an_earlier_operation_changed_is_looked_at_anew(void **state)
{
	struct world *w = *state;
	struct store_fixture *f = w->f;
	auto_buf data = json_from("{}");
	uint64_t bob = make_user(f, "bob", USER_PERSON), guest = make_user(f, "g", USER_GUEST), before;

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
	reply.reply_to = 5;
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

static void an_event_that_is_new_in_the_batch_is_looked_at_anew(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	uint64_t before = n_commits(w);
	struct store_append first = message(w, data), reply = message(w, data);
	struct store_read_mark mark = {.room_no = w->room, .user_no = make_user(w->f, "bob", USER_PERSON), .seq = 4};
	join_room(w->f, w->room, mark.user_no); /* seq 3 */
	before = n_commits(w);
	reply.reply_to = 4;
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

static void what_another_writer_did_is_read_anew_for_each_batch(void **state)
{
	struct world *w = *state;
	assert_int_equal(send_text(w->f, w->room, w->ann, "{}"), 3);
	store_fixture_change(w->f, "INSERT INTO event (pk, id, type, at_ms, n_messages, json)"
				   " SELECT pk + 1, randomblob(16), type, at_ms, n_messages + 1, json FROM event ORDER BY pk DESC LIMIT 1;"
				   "UPDATE room SET last_seq = last_seq + 1, n_messages = n_messages + 1");
	assert_int_equal(send_text(w->f, w->room, w->ann, "{}"), 5);
	store_fixture_close(w->f); /* unverified: the event's JSON is another one's */
}

static void names_and_passwords_are_looked_at_anew(void **state)
{
	struct world *w = *state;
	struct store_fixture *f = w->f;
	auto_buf data = json_from("{}");
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
		cmocka_unit_test_setup_teardown(what_does_not_touch_goes_in_one_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(what_an_earlier_operation_changed_is_looked_at_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(an_event_that_is_new_in_the_batch_is_looked_at_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(the_order_holds_where_a_batch_ends_early, setup, teardown),
		cmocka_unit_test_setup_teardown(what_another_writer_did_is_read_anew_for_each_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(names_and_passwords_are_looked_at_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(the_number_of_rooms_counts_what_the_batch_did, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lost_race_goes_again_one_by_one_and_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_race_that_is_lost_on_and_on_is_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(who_loses_a_name_to_another_writer_finds_it_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(a_commit_that_is_not_known_is_decided_before_anybody_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_store_that_closes_undecided_acknowledges_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_connection_that_is_lost_before_the_commit_is_not_noticed, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
