/* STORE_ROOM_TOPS on SQLite: one question for many rooms. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

enum { ROOMS = 500 };

static void rooms_that_are_further_are_told_with_their_tops(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON);
	struct store_room_top rooms[ROOMS + 1];
	for (int i = 0; i < ROOMS; i++) {
		char name[16];
		snprintf(name, sizeof name, "room %d", i);
		rooms[i] = (struct store_room_top){.room_no = make_room(f, name, ann), .last_seq = 2, .top = 99};
	}
	rooms[ROOMS] = (struct store_room_top){.room_no = 1000000, .last_seq = 0, .top = 99}; /* there is none */
	for (int i = 0; i < 3; i++)
		assert_int_equal(send_text(f, rooms[7].room_no, ann, "{\"text\":\"x\"}"), 3 + i);
	rooms[8].last_seq = 1;
#ifndef STORE_ON_POSTGRES
	rooms[9].last_seq =
		1000; /* ahead of the store, which nobody else writes to; else it was set back (test_store_postgres_history.c) */
#endif
	struct store_room_tops op = {.rooms = rooms, .n_rooms = ROOMS + 1};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_ROOM_TOPS), 0);
	for (int i = 0; i <= ROOMS; i++)
		assert_int_equal(rooms[i].top, i == 7 ? 5 : i == 8 ? 2 : 0);
	rooms[7].last_seq = 5;
	op.n_rooms = 8;
	assert_int_equal(store_fixture_do(f, &op.op, STORE_ROOM_TOPS), 0);
	assert_int_equal(rooms[7].top, 0);
	op.n_rooms = 0;
	assert_int_equal(store_fixture_do(f, &op.op, STORE_ROOM_TOPS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rooms_that_are_further_are_told_with_their_tops, store_fixture_setup,
						store_fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
