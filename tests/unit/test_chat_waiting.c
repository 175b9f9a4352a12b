/* Requests of one connection that are under way. */
#include "chat_house.h"

/* Without a limit a connection may have any number of requests under way: their count must not wrap to none. */
static void very_many_requests_may_be_under_way(void **state)
{
	(void)state;
	enum { MANY = 65536 };
	struct house h = {0};
	house_setup(&h, 5);
	h.f.config.limits.connection_waiting = 0;
	house_start(&h);
	struct conn *bob = fixture_signed_in(&h.f, h.bob_token);
	for (int i = 0; i < MANY; i++)
		say(bob, "{\"type\":\"room.list\"}");
	assert_true(session_awaits_answers(bob->session));
	assert_true(bob->is_held); /* pages are being made */
	fixture_run(&h.f, -1);
	assert_false(session_awaits_answers(bob->session));
	assert_false(bob->is_held);
	fixture_finish(&h.f);
}

/* More requests under way than one connection may have: it is not read from until some are answered. */
static void requests_under_way_are_bounded(void **state)
{
	(void)state;
	struct house h = {0};
	house_setup(&h, 5);
	h.f.config.limits.connection_waiting = 4;
	house_start(&h);
	struct conn *bob = fixture_signed_in(&h.f, h.bob_token);
	for (int i = 0; i < 4; i++) {
		assert_false(bob->is_held);
		say(bob, "{\"type\":\"message.send\",\"data\":{\"room\":\"r1\",\"text\":\"x\"}}");
	}
	assert_true(bob->is_held);
	held_store_deliver(h.f.store, held_store_find(h.f.store, STORE_APPEND));
	assert_false(bob->is_held);
	fixture_run(&h.f, -1);
	fixture_finish(&h.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_under_way_are_bounded),
		cmocka_unit_test(very_many_requests_may_be_under_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
