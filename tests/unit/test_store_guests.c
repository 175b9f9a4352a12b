/* Guests whose token is gone: their memberships end, a few at a time. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

/* One step. The number of memberships that ended; those whose room passed on are counted in *n_passed. */
static size_t end_guests(struct store_fixture *f, size_t most, bool *more, size_t *n_passed)
{
	struct store_guests_end op = {.most = most};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_GUESTS_END), 0);
	size_t n = op.n_ended;
	*n_passed = 0;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(op.ended[i].leave.event->type, EVENT_MEMBER_LEFT);
		*n_passed += op.ended[i].leave.passed_event != NULL;
	}
	*more = op.more;
	store_guests_end_finish(&op);
	return n;
}

static uint64_t n_members(struct store_fixture *f, uint64_t room)
{
	struct store_room_find op = {.room_no = room};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_ROOM_FIND), 0);
	store_room_finish(&op.room);
	return op.room.n_members;
}

static void a_guest_who_signed_out_leaves_every_room_in_steps(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), gus = make_user(f, "gus", USER_GUEST), here = make_user(f, "here", USER_GUEST);
	uint64_t rooms[3];
	bool more;
	size_t n_passed;
	for (size_t i = 0; i < 3; i++) {
		rooms[i] = make_room(f, (const char *[]){"a", "b", "c"}[i], ann);
		join_room(f, rooms[i], gus);
		join_room(f, rooms[i], here);
	}
	assert_int_equal(end_guests(f, 2, &more, &n_passed), 0);
	assert_false(more);
	store_fixture_forget_tokens(f, gus);
	assert_int_equal(end_guests(f, 2, &more, &n_passed), 2);
	assert_true(more);
	assert_int_equal(end_guests(f, 2, &more, &n_passed), 1);
	assert_false(more);
	assert_int_equal(end_guests(f, 2, &more, &n_passed), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(n_members(f, rooms[i]), 2);
	assert_int_equal(count_faults(f), 0);
}

static void the_room_of_a_guest_passes_on_but_not_to_one_who_is_gone(void **state)
{
	struct store_fixture *f = *state;
	uint64_t gus = make_user(f, "gus", USER_GUEST), gone = make_user(f, "gone", USER_GUEST), here = make_user(f, "here", USER_GUEST);
	uint64_t room = make_room(f, "r", gus), empty = make_room(f, "e", gus);
	bool more;
	size_t n_passed;
	join_room(f, room, gone);
	join_room(f, room, here);
	join_room(f, empty, gone);
	store_fixture_forget_tokens(f, gone);
	store_fixture_forget_tokens(f, gus);
	assert_int_equal(end_guests(f, 10, &more, &n_passed), 4);
	assert_int_equal(n_passed, 1);
	struct store_member_page page = {.room_no = room, .limit = 10};
	assert_int_equal(store_fixture_do(f, &page.op, STORE_MEMBER_PAGE), 0);
	assert_int_equal(page.n_users, 1);
	assert_string_equal(page.users[0].name, "here");
	assert_int_equal(page.roles[0], MEMBER_ROLE_OWNER);
	store_member_page_finish(&page);
	assert_int_equal(n_members(f, empty), 0);
}

static void accounts_stay_where_they_are_without_a_token(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bot = make_user(f, "bot", USER_BOT), room = make_room(f, "r", ann);
	bool more;
	size_t n_passed;
	join_room(f, room, bot);
	store_fixture_close(f);
	store_fixture_change(f, "INSERT INTO token SELECT randomblob(32), no, 0, 0, 0 FROM account; DELETE FROM token");
	assert_true(store_fixture_open(f));
	assert_int_equal(end_guests(f, 10, &more, &n_passed), 0);
}

/* The tables of before, with a guest who is gone and one who is not. */
static void an_older_file_ends_the_guests_who_are_gone(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), gone = make_user(f, "gone", USER_GUEST), here = make_user(f, "here", USER_GUEST);
	uint64_t room = make_room(f, "r", ann);
	bool more;
	size_t n_passed;
	join_room(f, room, gone);
	join_room(f, room, here);
	store_fixture_close(f);
	store_fixture_change(f, STORE_FIXTURE_VERSION_1_SQL
			     "DROP TRIGGER guest_ends; DROP INDEX member_ended; ALTER TABLE member DROP COLUMN ended;"
			     "DELETE FROM token WHERE user_no = (SELECT no FROM user WHERE name = 'gone')");
	assert_true(store_fixture_open(f));
	assert_int_equal(end_guests(f, 10, &more, &n_passed), 1);
	assert_int_equal(n_members(f, room), 2);
	store_fixture_forget_tokens(f, here);
	assert_int_equal(end_guests(f, 10, &more, &n_passed), 1);
}

/* The first room's log does not end where it says: nothing is written there, and the guest leaves the other room all the same. */
static void a_damaged_room_is_in_nobodys_way(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), gus = make_user(f, "gus", USER_GUEST);
	uint64_t hurt = make_room(f, "hurt", ann), whole = make_room(f, "whole", ann);
	bool more;
	size_t n_passed, n_ended = 0;
	join_room(f, hurt, gus);
	join_room(f, whole, gus);
	store_fixture_forget_tokens(f, gus);
	store_fixture_close(f);
	assert_true(store_fixture_open(f)); /* the start looks at the events; what is hurt later shows when it is needed */
	store_fixture_change(f, "UPDATE event SET n_messages = 9 WHERE pk = (SELECT max(pk) FROM event WHERE pk >> 36 = 1)");
	for (int step = 0; step < 3; step++)
		n_ended += end_guests(f, 1, &more, &n_passed);
	assert_int_equal(n_ended, 1);
	assert_false(more);
	assert_int_equal(n_members(f, whole), 1);
	assert_int_equal(n_members(f, hurt), 2);
	store_fixture_change(f, "UPDATE event SET n_messages = 0"); /* as it was: there are no messages */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_guest_who_signed_out_leaves_every_room_in_steps),
		TEST(the_room_of_a_guest_passes_on_but_not_to_one_who_is_gone),
		TEST(a_damaged_room_is_in_nobodys_way),
#ifndef STORE_ON_POSTGRES /* of the file, or of tables as they were before PostgreSQL */
		TEST(an_older_file_ends_the_guests_who_are_gone),
		TEST(accounts_stay_where_they_are_without_a_token),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
