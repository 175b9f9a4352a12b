/* One chat hands nothing over: the other one finds what it did in the server's log, in a store that says that others write to it. */
#include "chat_pair_act.h"

static void a_second(struct chat_pair *p)
{
	pair_pass_seconds(p, 1);
}

/* Nothing is handed over: the store is asked once a second. */
static void what_nobody_handed_over_is_found_in_the_log(void **state)
{
	struct chat_pair *p = *state;
	pair_pass_seconds(p, 2);
	act(p, a_second);
	assert_same_memory(p);
	assert_heard_whole(p);
	assert_true(p->remote[BOB]->is_closing && p->remote[CY]->is_closing && p->remote[GUS]->is_closing);
	assert_false(p->remote[ANN]->is_closing);
	assert_int_equal(heard(p->remote[CY], "room.added", NULL), 2);
	assert_int_equal(heard(p->remote[CY], "room.removed", NULL), 1);
	assert_int_equal(heard(p->remote[CY], "read.marked", NULL), 1);
	assert_string_equal(p->there->owner_link.code, "");
}

static uint64_t counted_pages;
static const struct store_methods *counted;

static int count_pages(struct store *s, struct store_op *op)
{
	counted_pages += op->kind == STORE_LOG_PAGE;
	return counted->submit(s, op);
}

/* A chat that has the log to itself never reads it. */
static void what_a_chat_wrote_to_the_log_itself_is_not_read_again(void **state)
{
	struct chat_pair *p = *state;
	struct store_methods counting = *p->f->store->methods;
	for (int i = 0; i < PAIR_PEOPLE; i++)
		fake_conn_close_session(p->remote[i]);
	pair_settle(p);
	chat_destroy(p->there);
	p->there = NULL;
	pair_pass_seconds(p, 2);
	counted = p->f->store->methods;
	counting.submit = count_pages;
	counted_pages = 0;
	p->f->store->methods = &counting;
	act(p, later);
	pair_pass_seconds(p, 3);
	p->f->store->methods = counted;
	assert_int_equal(counted_pages, 0);
}

/* Old notices were cleared away, so the log has a hole: a chat that meets it reads everybody again. */
static void a_log_with_a_hole_leads_to_the_same(void **state)
{
	struct chat_pair *p = *state;
	pair_pass_seconds(p, 2);
	act(p, later);
	store_fixture_change(
		p->f,
		"DELETE FROM event WHERE pk > 134217726 << 36 AND pk < (SELECT 134217726 << 36 | last_seq FROM room WHERE no = 134217726)");
	pair_pass_seconds(p, 4);
	assert_same_memory(p);
	assert_true(p->remote[BOB]->is_closing && p->remote[CY]->is_closing && p->remote[GUS]->is_closing);
	assert_false(p->remote[ANN]->is_closing);
}

static void an_account_that_is_gone_ends_with_its_sessions_and_is_asked_for_once(void **state)
{
	struct chat_pair *p = *state;
	struct user *bob = user_by_no(p->there, p->no[BOB]);
	store_fixture_change(p->f, "UPDATE account SET no = 99 WHERE name = 'bob'");
	user_refresh(bob);
	pair_settle(p);
	assert_true(p->remote[BOB]->is_closing);
	assert_int_equal(p->remote[BOB]->reason, CLOSE_SIGNED_OUT);
	assert_null(user_by_no(p->there, p->no[BOB]));
	assert_true(list_empty(&p->there->stale_users));
	store_fixture_change(p->f, "UPDATE account SET no = 2 WHERE name = 'bob'");
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_nobody_handed_over_is_found_in_the_log, pair_setup_shared),
		TEST(what_a_chat_wrote_to_the_log_itself_is_not_read_again, pair_setup_shared),
		TEST(a_log_with_a_hole_leads_to_the_same, pair_setup_shared),
		TEST(an_account_that_is_gone_ends_with_its_sessions_and_is_asked_for_once, pair_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
