/* Who waits for a consumer's events, and what wakes them. The clock is the test's: where no second passes, the once-a-second look at the store has no part in it. */
#include "chat_house.h"

#include "chat/consumer_lag.h"

/* Bob's, who owns the server where he is told so before he signs in. */
static struct conn *reader_with(struct house *h, bool owns_server, const char *filter)
{
	house_setup(h, 2);
	if (owns_server)
		held_store_make_owner(h->f.store, "bob");
	house_start(h);
	struct conn *bob = fixture_signed_in(&h->f, h->bob_token);
	say(bob, "{\"type\":\"consumer.create\",\"ref\":\"made\",\"data\":{\"name\":\"c\",\"filter\":{%s}}}", filter);
	fixture_run(&h->f, -1);
	assert_string_equal(code_of(bob, "made"), "ok");
	return bob;
}

static struct conn *reader(struct house *h)
{
	return reader_with(h, false, "\"types\":[\"message.*\"]");
}

static void ask(struct house *h, struct conn *c, const char *ref, unsigned wait_ms)
{
	say(c, "{\"type\":\"consumer.read\",\"ref\":\"%s\",\"data\":{\"consumer\":\"c\",\"wait_ms\":%u}}", ref, wait_ms);
	fixture_run(&h->f, -1);
}

static size_t n_events(const struct conn *c, const char *ref)
{
	assert_string_equal(code_of(c, ref), "ok");
	return json_array_size(json_object_get(data_of(c, ref), "events"));
}

static void an_event_wakes_who_waits_for_it_in_the_same_moment(void **state)
{
	(void)state;
	struct house h = {0};
	struct conn *bob = reader(&h);
	ask(&h, bob, "a", 60000);
	ask(&h, bob, "b", 60000);
	assert_string_equal(code_of(bob, "a"), "");
	send_one(&h, 1);
	fixture_run(&h.f, -1);
	assert_int_equal((strcmp(code_of(bob, "a"), "ok") == 0) + (strcmp(code_of(bob, "b"), "ok") == 0), 1);
	send_one(&h, 0);
	fixture_run(&h.f, -1);
	assert_int_equal(n_events(bob, "a") + n_events(bob, "b"), 2);
	assert_int_equal(h.f.store->n_submitted[STORE_SUBSCRIPTION_NEWS], 0);
	fixture_finish(&h.f);
}

static void of_many_who_wait_for_the_same_one_is_woken(void **state)
{
	enum { N = 12 };
	(void)state;
	struct house h = {0};
	struct conn *bob = reader(&h);
	char ref[8];
	size_t n_answered = 0;
	for (int i = 0; i < N; i++) {
		snprintf(ref, sizeof ref, "r%d", i);
		ask(&h, bob, ref, 60000);
	}
	size_t n_read = h.f.store->n_submitted[STORE_SUBSCRIPTION_READ];
	send_one(&h, 0);
	fixture_run(&h.f, -1);
	assert_int_equal(h.f.store->n_submitted[STORE_SUBSCRIPTION_READ], n_read + 1);
	assert_int_equal(n_events(bob, "r0"), 1); /* it waited longest */
	say(bob, "{\"type\":\"consumer.delete\",\"ref\":\"d\",\"data\":{\"consumer\":\"c\"}}");
	fixture_run(&h.f, -1);
	for (int i = 1; i < N; i++) {
		snprintf(ref, sizeof ref, "r%d", i);
		n_answered += strcmp(code_of(bob, ref), "not_found") == 0;
	}
	assert_int_equal(n_answered, N - 1); /* each told the next one */
	assert_int_equal(h.f.store->n_submitted[STORE_SUBSCRIPTION_NEWS], 0);
	fixture_finish(&h.f);
}

static void who_is_gone_leaves_what_woke_it_to_the_next(void **state)
{
	(void)state;
	struct house h = {0};
	struct conn *bob = reader(&h), *other = fixture_signed_in(&h.f, h.bob_token);
	ask(&h, bob, "a", 60000);
	ask(&h, other, "b", 60000);
	fake_conn_close_session(bob);
	send_one(&h, 0);
	fixture_run(&h.f, -1);
	assert_int_equal(n_events(other, "b"), 1);
	assert_int_equal(h.f.store->n_submitted[STORE_SUBSCRIPTION_NEWS], 0);
	fixture_finish(&h.f);
}

static void what_another_writer_did_is_found_within_a_second_or_so(void **state)
{
	(void)state;
	struct house h = {0};
	struct conn *bob = reader(&h);
	held_store_share(h.f.store);
	ask(&h, bob, "a", 60000);
	held_store_add_messages(h.f.store, h.rooms[2], h.ann, 3);
	fixture_pass_ms(&h.f, 2000);
	fixture_run(&h.f, -1);
	assert_int_equal(n_events(bob, "a"), 3);
	fixture_finish(&h.f);
}

static void a_server_wide_event_wakes_the_servers_owner_in_the_same_moment(void **state)
{
	(void)state;
	for (int owns_server = 0; owns_server < 2; owns_server++) {
		struct house h = {0};
		struct conn *bob = reader_with(&h, owns_server, "\"server\":true,\"types\":[\"room.created\"]");
		ask(&h, bob, "a", 60000);
		say(h.writer, "{\"type\":\"room.create\",\"ref\":\"r\",\"data\":{\"name\":\"secret\",\"kind\":\"private\"}}");
		fixture_run(&h.f, -1);
		assert_string_equal(code_of(h.writer, "r"), "ok");
		assert_string_equal(code_of(bob, "a"), owns_server ? "ok" : "");
		assert_int_equal(h.f.store->n_submitted[STORE_SUBSCRIPTION_NEWS], 0);
		chat_announce_leaving(h.f.chat, 1000); /* answers who still waits */
		fixture_run(&h.f, -1);
		assert_int_equal(n_events(bob, "a"), owns_server);
		fixture_finish(&h.f);
	}
}

static void an_acknowledgement_makes_room_for_the_next_event_at_once(void **state)
{
	(void)state;
	struct house h = {0};
	struct conn *bob = reader(&h);
	send_one(&h, 0);
	send_one(&h, 0);
	h.f.chat->config.limits.consumer_waiting = 1;
	ask(&h, bob, "a", 0);
	assert_int_equal(n_events(bob, "a"), 1);
	ask(&h, bob, "b", 60000);
	assert_string_equal(code_of(bob, "b"), "");
	const json_t *first = json_array_get(json_object_get(data_of(bob, "a"), "events"), 0);
	say(bob, "{\"type\":\"consumer.ack\",\"ref\":\"ack\",\"data\":{\"consumer\":\"c\",\"deliveries\":[%llu]}}",
	    (unsigned long long)number_of(first, "delivery"));
	fixture_run(&h.f, -1);
	assert_int_equal(number_of(data_of(bob, "ack"), "acknowledged"), 1);
	assert_int_equal(n_events(bob, "b"), 1);
	fixture_finish(&h.f);
}

static void the_time_is_over_without_events(void **state)
{
	(void)state;
	struct house h = {0};
	struct conn *bob = reader(&h);
	ask(&h, bob, "a", 300);
	fixture_pass_ms(&h.f, 200);
	fixture_run(&h.f, -1);
	assert_string_equal(code_of(bob, "a"), "");
	fixture_pass_ms(&h.f, 200);
	fixture_run(&h.f, -1);
	assert_int_equal(n_events(bob, "a"), 0);
	fixture_finish(&h.f);
}

static void nobody_waits_for_a_session_that_is_gone(void **state)
{
	(void)state;
	struct house h = {0};
	struct conn *bob = reader(&h);
	size_t n_pending = chat_pending(h.f.chat);
	ask(&h, bob, "a", 60000);
	assert_true(chat_pending(h.f.chat) > n_pending);
	fake_conn_close_session(bob);
	fixture_pass_ms(&h.f, 1100);
	fixture_run(&h.f, -1);
	assert_int_equal(chat_pending(h.f.chat), n_pending);
	assert_int_equal(h.f.store->n_submitted[STORE_SUBSCRIPTION_MOVE], 0);
	fixture_finish(&h.f);
}

static void an_event_that_the_filter_does_not_take_is_passed_by(void **state)
{
	(void)state;
	struct house h = {0};
	struct conn *bob = reader(&h);
	ask(&h, bob, "a", 60000);
	say(h.writer, "{\"type\":\"room.update\",\"ref\":\"u\",\"data\":{\"room\":\"r1\",\"topic\":\"new\"}}");
	fixture_run(&h.f, -1);
	assert_string_equal(code_of(h.writer, "u"), "ok");
	assert_string_equal(code_of(bob, "a"), "");
	assert_int_equal(h.f.store->n_submitted[STORE_SUBSCRIPTION_MOVE], 1); /* its cursor is behind it */
	send_one(&h, 0);
	fixture_run(&h.f, -1);
	assert_int_equal(n_events(bob, "a"), 1);
	fixture_finish(&h.f);
}

static void who_has_no_time_left_is_answered_before_a_long_log_is_passed_by(void **state)
{
	(void)state;
	struct house h = {0};
	struct conn *bob = reader(&h);
	say(bob,
	    "{\"type\":\"consumer.create\",\"ref\":\"none\",\"data\":{\"name\":\"none\",\"from\":\"start\",\"filter\":{\"types\":[\"member.updated\"]}}}");
	fixture_run(&h.f, -1);
	for (int i = 0; i < 25; i++)
		send_one(&h, 0);
	fixture_run(&h.f, -1);
	h.f.chat->config.limits.page_bytes = 1; /* one event a look */
	say(bob, "{\"type\":\"consumer.read\",\"ref\":\"a\",\"data\":{\"consumer\":\"none\"}}");
	fixture_run(&h.f, -1);
	assert_int_equal(n_events(bob, "a"), 0);
	assert_true(json_is_true(json_object_get(data_of(bob, "a"), "more")));
	assert_true(h.f.store->n_submitted[STORE_SUBSCRIPTION_READ] <= 10);
	say(bob, "{\"type\":\"consumer.read\",\"ref\":\"b\",\"data\":{\"consumer\":\"none\",\"wait_ms\":60000}}");
	fixture_run(&h.f, -1);
	assert_string_equal(code_of(bob, "b"), ""); /* it has passed by them all, and waits */
	assert_true(h.f.store->n_submitted[STORE_SUBSCRIPTION_READ] > 25);
	chat_announce_leaving(h.f.chat, 1000);
	fixture_run(&h.f, -1);
	fixture_finish(&h.f);
}

static void answers_that_are_under_way_at_once_have_one_page_together(void **state)
{
	(void)state;
	struct house h = {0};
	struct conn *bob = reader(&h);
	say(bob, "{\"type\":\"consumer.create\",\"ref\":\"d\",\"data\":{\"name\":\"d\",\"filter\":{\"types\":[\"message.*\"]}}}");
	fixture_run(&h.f, -1);
	send_one(&h, 0);
	fixture_run(&h.f, -1);
	h.f.chat->config.limits.page_bytes = 1;
	say(bob, "{\"type\":\"consumer.read\",\"ref\":\"a\",\"data\":{\"consumer\":\"c\"}}");
	say(bob, "{\"type\":\"consumer.read\",\"ref\":\"b\",\"data\":{\"consumer\":\"d\"}}");
	fixture_run(&h.f, -1);
	assert_int_equal(n_events(bob, "a"), 1);
	assert_int_equal(n_events(bob, "b"), 0);
	assert_true(json_is_true(json_object_get(data_of(bob, "b"), "more")));
	say(bob, "{\"type\":\"consumer.read\",\"ref\":\"again\",\"data\":{\"consumer\":\"d\"}}");
	fixture_run(&h.f, -1);
	assert_int_equal(n_events(bob, "again"), 1);
	fixture_finish(&h.f);
}

static void the_server_that_leaves_answers_who_waits_and_lets_nobody_wait(void **state)
{
	(void)state;
	struct house h = {0};
	struct conn *bob = reader(&h);
	ask(&h, bob, "a", 60000);
	chat_announce_leaving(h.f.chat, 1000);
	fixture_run(&h.f, -1);
	assert_int_equal(n_events(bob, "a"), 0);
	ask(&h, bob, "b", 60000);
	assert_int_equal(n_events(bob, "b"), 0);
	fixture_finish(&h.f);
}

static void how_far_consumers_are_behind_is_asked_twice_a_minute(void **state)
{
	(void)state;
	struct house h = {0};
	(void)reader(&h);
	const struct metrics *m = h.f.chat->metrics;
	for (int i = 0; i < 3; i++)
		send_one(&h, 0);
	fixture_pass_ms(&h.f, CONSUMER_LAG_EVERY_MS - 2000);
	fixture_run(&h.f, -1);
	assert_int_equal(h.f.store->n_submitted[STORE_SUBSCRIPTION_LAG], 0);
	fixture_pass_ms(&h.f, 4000);
	fixture_run(&h.f, -1);
	assert_int_equal(h.f.store->n_submitted[STORE_SUBSCRIPTION_LAG], 1);
	assert_int_equal(m->consumer_lag_events, 3);
	assert_int_equal(m->consumer_lag_events_most, 3);
	fixture_finish(&h.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_wakes_who_waits_for_it_in_the_same_moment),
		cmocka_unit_test(of_many_who_wait_for_the_same_one_is_woken),
		cmocka_unit_test(who_is_gone_leaves_what_woke_it_to_the_next),
		cmocka_unit_test(what_another_writer_did_is_found_within_a_second_or_so),
		cmocka_unit_test(a_server_wide_event_wakes_the_servers_owner_in_the_same_moment),
		cmocka_unit_test(an_acknowledgement_makes_room_for_the_next_event_at_once),
		cmocka_unit_test(how_far_consumers_are_behind_is_asked_twice_a_minute),
		cmocka_unit_test(the_time_is_over_without_events),
		cmocka_unit_test(nobody_waits_for_a_session_that_is_gone),
		cmocka_unit_test(an_event_that_the_filter_does_not_take_is_passed_by),
		cmocka_unit_test(who_has_no_time_left_is_answered_before_a_long_log_is_passed_by),
		cmocka_unit_test(answers_that_are_under_way_at_once_have_one_page_together),
		cmocka_unit_test(the_server_that_leaves_answers_who_waits_and_lets_nobody_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
