/* Read marks move with their authors' messages, in the same transaction, with any other operations in it. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>

static void writing_reads_up_to_what_was_written(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON), room = make_room(f, "r", ann);
	join_room(f, room, bob); /* seq 3 */
	send_text(f, room, ann, "{}");
	send_text(f, room, ann, "{}");
	struct store_membership a = membership_of(f, room, ann), b = membership_of(f, room, bob);
	assert_int_equal(a.read_seq, 5);
	assert_int_equal(a.read_messages, 2);
	assert_int_equal(b.read_seq, 3);
	assert_int_equal(b.read_messages, 0);
	assert_int_equal(send_text(f, room, bob, "{}"), 6);
	b = membership_of(f, room, bob);
	assert_int_equal(b.read_seq, 6);
	assert_int_equal(b.read_messages, 3);
	store_fixture_close(f);
	assert_true(store_fixture_open(f));
	assert_int_equal(membership_of(f, room, ann).read_seq, 5);
	assert_int_equal(membership_of(f, room, bob).read_seq, 6);
}

static void a_repeated_message_moves_no_mark(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON), room = make_room(f, "r", ann);
	join_room(f, room, bob);
	struct store_append op = {.room_no = room,
				  .author_no = ann,
				  .type = EVENT_MESSAGE_CREATED,
				  .data = json_from("{}"),
				  .has_client_id = true,
				  .client_id = fresh_id()};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_APPEND), 0);
	event_free(op.event);
	send_text(f, room, bob, "{}");
	assert_int_equal(store_fixture_do(f, &op.op, STORE_APPEND), 0);
	assert_true(op.duplicate);
	assert_int_equal(membership_of(f, room, ann).read_seq, 4);
	send_text(f, room, ann, "{}");
	assert_int_equal(store_fixture_do(f, &op.op, STORE_APPEND), 0);
	assert_int_equal(membership_of(f, room, ann).read_seq, 6);
	buf_finish(&op.data);
}

/* ---- any operations, many in each transaction, against what they mean one after the other ---- */

enum { USERS = 3, MODEL_ROOMS = 2, ROUNDS = 60, ROUND_OPS = 40 };

struct model {
	uint64_t users[USERS], rooms[MODEL_ROOMS];
	uint64_t last_seq[MODEL_ROOMS], n_messages[MODEL_ROOMS];
	uint64_t messages_at[MODEL_ROOMS][2 * ROUNDS * ROUND_OPS + 10];
	struct {
		bool is_member, is_owner;
		uint64_t joined_seq, read_seq, read_messages;
	} members[MODEL_ROOMS][USERS];
};

union any_op {
	struct store_op op;
	struct store_append append;
	struct store_join join;
	struct store_leave leave;
	struct store_read_mark mark;
};

static void add_event(struct model *m, int room, bool is_message)
{
	m->n_messages[room] += is_message ? 1 : 0;
	m->messages_at[room][++m->last_seq[room]] = m->n_messages[room];
}

static void read_to(struct model *m, int room, int user, uint64_t seq)
{
	if (!m->members[room][user].is_member || seq <= m->members[room][user].read_seq)
		return;
	m->members[room][user].read_seq = seq;
	m->members[room][user].read_messages = m->messages_at[room][seq];
}

static void add_member(struct model *m, int room, int user)
{
	m->members[room][user].is_member = true;
	m->members[room][user].joined_seq = m->last_seq[room];
	read_to(m, room, user, m->last_seq[room]);
}

/* An owner's room passes on to the member who is in it longest, with an event of its own. */
static void end_member(struct model *m, int room, int user)
{
	bool was_owner = m->members[room][user].is_owner;
	int heir = -1;
	memset(&m->members[room][user], 0, sizeof m->members[room][user]);
	add_event(m, room, false);
	for (int i = 0; i < USERS; i++)
		if (m->members[room][i].is_member && (heir < 0 || m->members[room][i].joined_seq < m->members[room][heir].joined_seq))
			heir = i;
	if (!was_owner || heir < 0)
		return;
	m->members[room][heir].is_owner = true;
	add_event(m, room, false);
}

/* Submits one operation of any kind and does it in the model. */
static void do_any(struct store_fixture *f, struct model *m, union any_op *op, struct buf data)
{
	int room = rand() % MODEL_ROOMS, user = rand() % USERS, what = rand() % 10;
	uint64_t room_no = m->rooms[room], user_no = m->users[user];
	if (what < 6) {
		op->append = (struct store_append){.room_no = room_no, .author_no = user_no, .type = EVENT_MESSAGE_CREATED, .data = data};
		assert_int_equal(store_fixture_submit(f, &op->op, STORE_APPEND), 0);
		add_event(m, room, true);
		read_to(m, room, user, m->last_seq[room]);
	} else if (what < 8) {
		uint64_t seq = m->last_seq[room] - (uint64_t)rand() % 3;
		op->mark = (struct store_read_mark){.room_no = room_no, .user_no = user_no, .seq = seq};
		assert_int_equal(store_fixture_submit(f, &op->op, STORE_READ_MARK), 0);
		read_to(m, room, user, seq);
	} else if (m->members[room][user].is_member) {
		op->leave = (struct store_leave){.room_no = room_no, .user_no = user_no, .data = data};
		assert_int_equal(store_fixture_submit(f, &op->op, STORE_LEAVE), 0);
		end_member(m, room, user);
	} else {
		op->join = (struct store_join){.room_no = room_no, .user_no = user_no};
		assert_int_equal(store_fixture_submit(f, &op->op, STORE_JOIN), 0);
		add_event(m, room, false);
		add_member(m, room, user);
	}
}

static void finish_any(struct store_fixture *f, union any_op *op)
{
	store_fixture_wait(f, &op->op);
	if (op->op.kind == STORE_APPEND) {
		event_free(op->append.event);
	} else if (op->op.kind == STORE_JOIN) {
		store_join_finish(&op->join);
		event_free(op->join.event);
	} else if (op->op.kind == STORE_LEAVE) {
		event_free(op->leave.event);
		event_free(op->leave.passed_event);
	}
}

static void marks_are_those_of_each_operation_alone(void **state)
{
	struct store_fixture *f = *state;
	struct model *m = calloc(1, sizeof *m);
	auto_buf data = json_from("{}");
	const char *const names[] = {"ann", "bob", "eve"};
	union any_op *ops = calloc(ROUND_OPS, sizeof *ops);
	srand(20261128);
	for (int i = 0; i < USERS; i++)
		m->users[i] = make_user(f, names[i], USER_PERSON);
	for (int i = 0; i < MODEL_ROOMS; i++) {
		m->rooms[i] = make_room(f, names[i], m->users[0]);
		m->last_seq[i] = 2;
		m->members[i][0].is_owner = true;
		add_member(m, i, 0);
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < ROUND_OPS; i++)
			do_any(f, m, &ops[i], data);
		for (int i = 0; i < ROUND_OPS; i++)
			finish_any(f, &ops[i]);
		for (int i = 0; i < MODEL_ROOMS * USERS; i++) {
			int room = i / USERS, user = i % USERS;
			if (!m->members[room][user].is_member)
				continue;
			struct store_membership known = membership_of(f, m->rooms[room], m->users[user]);
			assert_int_equal(known.read_seq, m->members[room][user].read_seq);
			assert_int_equal(known.read_messages, m->members[room][user].read_messages);
		}
	}
	assert_true(f->metrics.commits_total < ROUNDS * (ROUND_OPS / 2 + MODEL_ROOMS * USERS));
	free(ops);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writing_reads_up_to_what_was_written, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_repeated_message_moves_no_mark, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(marks_are_those_of_each_operation_alone, store_fixture_setup, store_fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
