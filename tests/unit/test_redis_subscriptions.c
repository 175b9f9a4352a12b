/* The table of subscriptions over nodes that only note what they are told. */
#include "cmocka_wrap.h"

#include "bus/redis/redis_subscriptions.h"

#include <stdio.h>
#include <string.h>

struct redis_node {
	char name;
	bool has_room;
	struct list waiting;
};

static struct redis_node a, b;
#define OTHERS_CHANNEL ":9"      /* it is b's */
static struct redis_node *owner; /* of all others */
static char told[256];
static struct redis_subscriptions s;

static void tell(char sign, const struct redis_node *n, const struct redis_part *names, size_t n_names)
{
	size_t at = strlen(told);
	at += (size_t)snprintf(told + at, sizeof(told) - at, "%c%c", sign, n->name);
	for (size_t i = 0; i < n_names; i++)
		at += (size_t)snprintf(told + at, sizeof(told) - at, " %s", strrchr(names[i].bytes, ':') + 1);
	snprintf(told + at, sizeof(told) - at, ";");
}

void redis_node_subscribe(struct redis_node *n, const struct redis_part *names, size_t n_names)
{
	tell('+', n, names, n_names);
}

void redis_node_unsubscribe(struct redis_node *n, const struct redis_part *names, size_t n_names)
{
	tell('-', n, names, n_names);
}

bool redis_node_has_room(const struct redis_node *n)
{
	return n->has_room;
}

struct list *redis_node_waiting(struct redis_node *n)
{
	return &n->waiting;
}

static struct redis_node *node_of(void *arg, const struct redis_channel *c)
{
	(void)arg;
	return strcmp(strrchr(c->name, ':'), OTHERS_CHANNEL) == 0 ? &b : owner;
}

/* A turn: what was sent has to be `expected`. */
static void turn(const char *expected)
{
	struct redis_subscriber by = {.epoch = "e", .node_of = node_of, .batch_max = 3};
	told[0] = '\0';
	redis_subscriptions_work(&s, &by);
	redis_subscriptions_work_waiting(&s, &a, &by);
	redis_subscriptions_work_waiting(&s, &b, &by);
	assert_string_equal(told, expected);
}

static size_t heard(void)
{
	uint64_t channels[8];
	return redis_subscriptions_take_heard(&s, channels, 8);
}

static void confirm(struct redis_node *n, uint64_t channel, bool is_subscribed)
{
	assert_true(redis_subscriptions_confirmed(&s, n, channel, is_subscribed));
}

static int begin(void **state)
{
	(void)state;
	a = (struct redis_node){.name = 'a', .has_room = true};
	b = (struct redis_node){.name = 'b', .has_room = true};
	list_init(&a.waiting);
	list_init(&b.waiting);
	owner = &a;
	redis_subscriptions_init(&s);
	return 0;
}

static int end(void **state)
{
	(void)state;
	redis_subscriptions_finish(&s);
	return 0;
}

static void channels_go_in_batches_and_are_heard_when_confirmed(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 4; i++)
		redis_subscriptions_follow(&s, i);
	turn("+a 1 2 3;+a 4;");
	assert_int_equal(heard(), 0);
	confirm(&a, 1, true);
	confirm(&a, 4, true);
	turn("");
	assert_int_equal(heard(), 2);
	assert_int_equal(heard(), 0);
}

static void follow_and_unfollow_of_one_turn_cancel(void **state)
{
	(void)state;
	redis_subscriptions_follow(&s, 1);
	redis_subscriptions_unfollow(&s, 1);
	turn("");
	assert_int_equal(s.channels.n_used, 0);
	redis_subscriptions_follow(&s, 1);
	turn("+a 1;");
	confirm(&a, 1, true);
	turn("");
	assert_int_equal(heard(), 1);
	redis_subscriptions_unfollow(&s, 1);
	redis_subscriptions_follow(&s, 1);
	turn("");
	assert_int_equal(heard(), 1); /* whoever follows anew is told anew */
}

static void what_is_followed_again_before_its_end_is_confirmed_comes_out_right(void **state)
{
	(void)state;
	redis_subscriptions_follow(&s, 1);
	turn("+a 1;");
	redis_subscriptions_unfollow(&s, 1);
	turn("-a 1;");
	redis_subscriptions_follow(&s, 1);
	turn("+a 1;");
	confirm(&a, 1, true);
	turn("");
	assert_int_equal(heard(), 0); /* this was the first command's */
	confirm(&a, 1, false);
	confirm(&a, 1, true);
	turn("");
	assert_int_equal(heard(), 1);
	redis_subscriptions_unfollow(&s, 1);
	turn("-a 1;");
	confirm(&a, 1, false);
	turn("");
	assert_int_equal(s.channels.n_used, 0);
}

static void a_lost_node_s_channels_are_subscribed_anew(void **state)
{
	(void)state;
	redis_subscriptions_follow(&s, 1);
	redis_subscriptions_follow(&s, 2);
	turn("+a 1 2;");
	confirm(&a, 1, true);
	turn("");
	assert_int_equal(heard(), 1);
	redis_subscriptions_unfollow(&s, 2);
	owner = NULL;
	redis_subscriptions_lost(&s, &a);
	turn("");
	assert_int_equal(s.channels.n_used, 1);
	owner = &a;
	redis_subscriptions_look(&s);
	turn("+a 1;");
	confirm(&a, 1, true);
	turn("");
	assert_int_equal(heard(), 1);
}

static void a_channel_moves_to_another_node(void **state)
{
	(void)state;
	redis_subscriptions_follow(&s, 1);
	turn("+a 1;");
	confirm(&a, 1, true);
	turn("");
	assert_int_equal(heard(), 1);
	owner = &b;
	redis_subscriptions_look(&s);
	turn("-a 1;+b 1;");
	confirm(&a, 1, false); /* of the old node: it says nothing about the new one */
	turn("");
	assert_int_equal(heard(), 0);
	confirm(&b, 1, true);
	turn("");
	assert_int_equal(heard(), 1);
}

static void an_end_that_nobody_asked_for_is_told(void **state)
{
	(void)state;
	redis_subscriptions_follow(&s, 1);
	turn("+a 1;");
	confirm(&a, 1, true);
	turn("");
	assert_false(redis_subscriptions_confirmed(&s, &a, 1, false));
	redis_subscriptions_look(&s);
	turn("+a 1;");
}

static void what_has_no_room_waits(void **state)
{
	(void)state;
	a.has_room = false;
	redis_subscriptions_follow(&s, 1);
	redis_subscriptions_follow(&s, 2);
	turn("");
	a.has_room = true;
	turn("+a 1 2;");
}

static void a_node_without_room_holds_up_no_other(void **state)
{
	(void)state;
	a.has_room = false;
	redis_subscriptions_follow(&s, 1);
	redis_subscriptions_follow(&s, 2);
	redis_subscriptions_follow(&s, 9);
	turn("+b 9;");
	redis_subscriptions_unfollow(&s, 2);
	turn("");
	a.has_room = true;
	turn("+a 1;");
}

static void what_waits_for_a_node_that_is_lost_goes_to_another(void **state)
{
	(void)state;
	a.has_room = false;
	redis_subscriptions_follow(&s, 1);
	turn("");
	owner = &b;
	redis_subscriptions_lost(&s, &a);
	assert_true(list_empty(&a.waiting));
	turn("+b 1;");
}

static void an_end_waits_for_room_too(void **state)
{
	(void)state;
	redis_subscriptions_follow(&s, 1);
	turn("+a 1;");
	a.has_room = false;
	redis_subscriptions_unfollow(&s, 1);
	turn("");
	a.has_room = true;
	turn("-a 1;");
}

static void what_was_refused_is_asked_for_anew(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 3; i++)
		redis_subscriptions_follow(&s, i);
	turn("+a 1 2 3;");
	confirm(&a, 1, true);
	redis_subscriptions_unfollow(&s, 3);
	turn("-a 3;");
	assert_int_equal(heard(), 1);
	redis_subscriptions_refused(&s, &b);
	turn("");
	redis_subscriptions_refused(&s, &a);
	turn("+a 2;");
	assert_int_equal(s.channels.n_used, 2);
	confirm(&a, 2, true);
	turn("");
	assert_int_equal(heard(), 1);
}

static void a_channel_that_is_let_go_before_it_is_told_is_not_told(void **state)
{
	(void)state;
	redis_subscriptions_follow(&s, 1);
	turn("+a 1;");
	confirm(&a, 1, true);
	turn("");
	redis_subscriptions_unfollow(&s, 1);
	assert_false(redis_subscriptions_wants(&s, 1));
	assert_int_equal(heard(), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(channels_go_in_batches_and_are_heard_when_confirmed),
		T(follow_and_unfollow_of_one_turn_cancel),
		T(what_is_followed_again_before_its_end_is_confirmed_comes_out_right),
		T(a_lost_node_s_channels_are_subscribed_anew),
		T(a_channel_moves_to_another_node),
		T(an_end_that_nobody_asked_for_is_told),
		T(what_has_no_room_waits),
		T(a_node_without_room_holds_up_no_other),
		T(what_waits_for_a_node_that_is_lost_goes_to_another),
		T(an_end_waits_for_room_too),
		T(what_was_refused_is_asked_for_anew),
		T(a_channel_that_is_let_go_before_it_is_told_is_not_told),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
