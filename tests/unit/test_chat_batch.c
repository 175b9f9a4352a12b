/* Operations that share a transaction, and what becomes of it: the clients hear each event once and in order, and each request is answered when it is known. */
#include "chat_place.h"

static struct conn *setup(struct place *p)
{
	place_setup(p);
	fixture_start(&p->f);
	held_store_share(p->f.store);
	return fixture_signed_in(&p->f, p->bob_token);
}

static void send_message(struct conn *c, const char *ref, const char *client_id)
{
	say(c, "{\"ref\":\"%s\",\"type\":\"message.send\",\"data\":{\"room\":\"den\",\"text\":\"x\",\"client_id\":\"%s\"}}", ref,
	    client_id);
}

static const char *const ids[] = {"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
				  "6ba7b812-9dad-11d1-80b4-00c04fd430c8"};

static void events_of_one_transaction_are_heard_in_order_though_answered_in_another(void **state)
{
	(void)state;
	struct place p = {0};
	struct conn *bob = setup(&p), *ann = fixture_signed_in(&p.f, p.ann_token);
	uint64_t first = held_store_last_seq(p.f.store, p.den) + 1;
	send_message(ann, "a", ids[0]);
	send_message(bob, "b", ids[1]);
	say(ann, "{\"ref\":\"e\",\"type\":\"member.add\",\"data\":{\"room\":\"den\",\"user\":\"eve\"}}");
	send_message(ann, "c", ids[2]);
	uint64_t n_commits = p.f.metrics.commits_total;
	held_store_work_batch(p.f.store);
	assert_int_equal(p.f.metrics.commits_total, n_commits + 1);
	while (!list_empty(&p.f.store->worked))
		held_store_deliver(p.f.store, list_entry(p.f.store->worked.prev, struct store_op, link));
	fixture_run(&p.f, -1);
	static const char *const refs[] = {"a", "e", "c"};
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(code_of(ann, refs[i]), "ok");
	assert_string_equal(code_of(bob, "b"), "ok");
	assert_seqs(bob, room_id_of(&p.f, p.den), 0, first, first + 3);
	assert_seqs(ann, room_id_of(&p.f, p.den), 0, first, first + 3);
	fixture_finish(&p.f);
}

/* The second looks before the first has written, and therefore waits for the next transaction. */
static void a_message_sent_twice_without_waiting_is_one_message(void **state)
{
	(void)state;
	struct place p = {0};
	struct conn *bob = setup(&p);
	send_message(bob, "one", ids[0]);
	send_message(bob, "two", ids[0]);
	uint64_t n_commits = p.f.metrics.commits_total;
	held_store_work_batch(p.f.store);
	assert_int_equal(p.f.metrics.commits_total, n_commits + 2);
	fixture_run(&p.f, -1);
	assert_null(json_object_get(data_of(bob, "one"), "duplicate"));
	assert_true(json_is_true(json_object_get(data_of(bob, "two"), "duplicate")));
	assert_int_equal(number_of(data_of(bob, "one"), "seq"), number_of(data_of(bob, "two"), "seq"));
	assert_int_equal(heard(bob, "message.created", NULL), 1);
	fixture_finish(&p.f);
}

static void a_transaction_that_loses_a_race_is_done_again(void **state)
{
	(void)state;
	struct place p = {0};
	struct conn *bob = setup(&p);
	uint64_t first = held_store_last_seq(p.f.store, p.den) + 1;
	for (int i = 0; i < 3; i++)
		send_message(bob, ids[i], ids[i]);
	p.f.store->real->next_commit = MEMORY_COMMIT_LOST_RACE;
	held_store_work_batch(p.f.store);
	fixture_run(&p.f, -1);
	for (int i = 0; i < 3; i++)
		assert_string_equal(code_of(bob, ids[i]), "ok");
	assert_seqs(bob, room_id_of(&p.f, p.den), 0, first, first + 2);
	fixture_finish(&p.f);
}

/* It may have been done or not: nobody is told before that is known, and then it was done once. */
static void a_commit_that_nobody_knows_of_is_answered_when_it_is_known(void **state)
{
	(void)state;
	static const enum memory_commit commits[] = {MEMORY_COMMIT_LOST_BEFORE, MEMORY_COMMIT_LOST_AFTER};
	for (size_t i = 0; i < 2; i++) {
		struct place p = {0};
		struct conn *bob = setup(&p);
		uint64_t first = held_store_last_seq(p.f.store, p.den) + 1;
		p.f.store->real->next_commit = commits[i];
		p.f.store->real->is_cut = true;
		send_message(bob, "one", ids[0]);
		held_store_work_batch(p.f.store);
		send_message(bob, "two", ids[1]);
		fixture_run(&p.f, STORE_APPEND);
		held_store_work_batch(p.f.store);
		held_store_deliver(p.f.store, list_entry(p.f.store->worked.next, struct store_op, link));
		fixture_turns(&p.f);
		assert_string_equal(code_of(bob, "one"), "");
		assert_string_equal(code_of(bob, "two"), "unavailable");
		p.f.store->real->is_cut = false;
		held_store_work_batch(p.f.store);
		fixture_run(&p.f, -1);
		assert_int_equal(number_of(data_of(bob, "one"), "seq"), first);
		send_message(bob, "again", ids[0]);
		fixture_run(&p.f, -1);
		assert_true(json_is_true(json_object_get(data_of(bob, "again"), "duplicate")));
		assert_seqs(bob, room_id_of(&p.f, p.den), 0, first, first);
		fixture_finish(&p.f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_of_one_transaction_are_heard_in_order_though_answered_in_another),
		cmocka_unit_test(a_message_sent_twice_without_waiting_is_one_message),
		cmocka_unit_test(a_transaction_that_loses_a_race_is_done_again),
		cmocka_unit_test(a_commit_that_nobody_knows_of_is_answered_when_it_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
