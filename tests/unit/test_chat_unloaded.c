/* Readings of the store while events come of rooms that nobody has in memory. */
#include "chat_pair.h"

#include "chat/user_refresh.h"

/* Who has not signed in yet. */
static uint64_t add_dan(struct chat_pair *p)
{
	struct store_token_create token = {.user_no = make_user(p->f, "dan", USER_PERSON), .kind = TOKEN_SESSION};
	secret_token_hash("token-dan", 9, token.hash);
	assert_int_equal(store_fixture_do(p->f, &token.op, STORE_TOKEN_CREATE), 0);
	return token.user_no;
}

/* At the other chat; the answer comes in later turns. */
static struct conn *start_as_dan(struct chat_pair *p)
{
	struct conn *c = fake_conn_open(p->there, &(struct session_config){.transport = TRANSPORT_WEBSOCKET});
	say(c, "{\"type\":\"session.start\",\"ref\":\"start\",\"data\":{\"token\":\"token-dan\"}}");
	return c;
}

/* Turn i of something that ends some time; the threads of the store get theirs. */
static void turn_within(struct chat_pair *p, int i)
{
	enum { TURNS_MAX = 20000 };
	assert_true(i < TURNS_MAX);
	pair_turn(p);
	nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

/* A turn that begins with an event of the other chat's, of a room that nobody has in memory here. */
static void turn_with_news(struct chat_pair *p, int i)
{
	pair_deliver(p, 0);
	turn_within(p, i);
}

/* A user who is in other rooms signs in, is refreshed and finds a room, with any number of events in rooms that nobody has in memory. */
static void rooms_that_are_not_in_memory_hold_up_nobody(void **state)
{
	struct chat_pair *p = *state;
	make_room(p->f, "attic", add_dan(p));
	pair_ask(p, p->actors[ANN], "{\"type\":\"room.create\",\"data\":{\"name\":\"lab\"}}");
	pair_forget_packets(p);
	pair_ask(p, p->actors[ANN], "{\"type\":\"message.send\",\"data\":{\"room\":\"lab\",\"text\":\"nobody there\"}}");
	say(p->remote[CY], "{\"ref\":\"get\",\"type\":\"room.get\",\"data\":{\"room\":\"attic\"}}");
	for (int i = 0; !reply_to(p->remote[CY], "get"); i++)
		turn_with_news(p, i);
	struct conn *c = start_as_dan(p);
	for (int i = 0; !reply_to(c, "start"); i++) {
		turn_with_news(p, i);
		fake_conn_flush(c);
	}
	assert_string_equal(code_of(c, "start"), "ok");
	struct user *bob = user_by_no(p->there, p->no[BOB]);
	user_refresh(bob);
	for (int i = 0; bob->is_refreshing; i++)
		turn_with_news(p, i);
	fake_conn_free(c);
}

static const struct store_methods *whole;
static struct store_op *held;
static void (*held_done)(struct store_op *op);

static void hold_answer(struct store_op *op)
{
	op->done = held_done;
	held = op;
}

/* The answer to a sign-in waits. */
static int hold_sign_in(struct store *s, struct store_op *op)
{
	if (op->kind == STORE_SIGN_IN) {
		held_done = op->done;
		op->done = hold_answer;
	}
	return whole->submit(s, op);
}

/* A sign-in that read a room before it changed reads it again. */
static void a_room_that_changes_while_it_is_read_is_read_again(void **state)
{
	struct chat_pair *p = *state;
	struct store_methods some = *p->f->store->methods;
	whole = p->f->store->methods;
	some.submit = hold_sign_in;
	add_dan(p);
	pair_ask(p, p->actors[ANN], "{\"type\":\"room.create\",\"data\":{\"name\":\"lab\"}}");
	pair_ask(p, p->actors[ANN], "{\"type\":\"member.add\",\"data\":{\"room\":\"lab\",\"user\":\"dan\"}}");
	pair_forget_packets(p);
	p->f->store->methods = &some;
	struct conn *c = start_as_dan(p);
	held = NULL;
	for (int i = 0; !held; i++)
		turn_within(p, i);
	p->f->store->methods = whole;
	say(p->actors[ANN], "{\"ref\":\"m\",\"type\":\"message.send\",\"data\":{\"room\":\"lab\",\"text\":\"meanwhile\"}}");
	for (int i = 0; p->n_packets == 0; i++)
		turn_within(p, i);
	pair_deliver(p, 0);
	held->done(held);
	pair_settle(p);
	assert_string_equal(code_of(c, "start"), "ok");
	const json_t *lab = json_array_get(json_object_get(data_of(c, "start"), "rooms"), 0);
	assert_int_equal(number_of(lab, "last_seq"), 4);
	fake_conn_free(c);
}

#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(rooms_that_are_not_in_memory_hold_up_nobody),
		PAIR_TEST(a_room_that_changes_while_it_is_read_is_read_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
