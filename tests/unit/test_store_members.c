/* Who owns a room when its owner leaves; who can be made a member, and how many rooms one may be in. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>

static struct store_leave leave(struct store_fixture *f, uint64_t room, uint64_t user)
{
	struct store_leave op = {.room_no = room, .user_no = user, .data = json_from("{\"user\":{}}")};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_LEAVE), 0);
	buf_finish(&op.data);
	event_free(op.event);
	return op;
}

/* The room's owner by name, or NULL. Static. */
static const char *owner_of(struct store_fixture *f, uint64_t room)
{
	static char name[64];
	struct store_member_page op = {.room_no = room, .limit = 100};
	name[0] = 0;
	assert_int_equal(store_fixture_do(f, &op.op, STORE_MEMBER_PAGE), 0);
	for (size_t i = 0; i < op.n_users; i++) {
		if (op.roles[i] != MEMBER_ROLE_OWNER)
			continue;
		assert_string_equal(name, "");
		snprintf(name, sizeof name, "%s", op.users[i].name);
	}
	store_member_page_finish(&op);
	return name[0] ? name : NULL;
}

/* Lets the owner go, and tells who owns the room then, which the event says as well. */
static const char *heir_of(struct store_fixture *f, uint64_t room, uint64_t owner)
{
	struct store_leave op = leave(f, room, owner);
	const char *heir = owner_of(f, room);
	assert_int_equal(op.passed_event != NULL, heir != NULL);
	if (heir) {
		size_t n;
		const char *json = (const char *)event_json(op.passed_event, &n);
		char wanted[100];
		snprintf(wanted, sizeof wanted, "\"name\":\"%s\"", heir);
		assert_int_equal(op.passed_event->type, EVENT_MEMBER_UPDATED);
		assert_non_null(memmem(json, n, wanted, strlen(wanted)));
		assert_non_null(memmem(json, n, "\"role\":\"owner\"", 14));
	}
	event_free(op.passed_event);
	return heir;
}

static void a_room_passes_on_to_the_person_who_is_in_it_longest(void **state)
{
	struct store_fixture *f = *state;
	uint64_t last = make_user(f, "last", USER_PERSON); /* an older account, but a newer member */
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	join_room(f, room, make_user(f, "guest", USER_GUEST));
	join_room(f, room, make_user(f, "bot", USER_BOT));
	uint64_t bob = make_user(f, "bob", USER_PERSON);
	join_room(f, room, bob);
	join_room(f, room, last);
	assert_string_equal(heir_of(f, room, ann), "bob");
	assert_string_equal(heir_of(f, room, bob), "last");
	assert_string_equal(heir_of(f, room, last), "bot");
}

static void a_room_without_persons_passes_on_to_a_bot_and_then_to_a_guest(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	uint64_t guest = make_user(f, "guest", USER_GUEST), bot = make_user(f, "bot", USER_BOT);
	join_room(f, room, guest);
	join_room(f, room, bot);
	assert_string_equal(heir_of(f, room, ann), "bot");
	assert_string_equal(heir_of(f, room, bot), "guest");
	assert_null(heir_of(f, room, guest));
}

static void who_does_not_own_a_room_leaves_its_owner_alone(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON), room = make_room(f, "r", ann);
	join_room(f, room, bob);
	struct store_leave op = leave(f, room, bob);
	assert_null(op.passed_event);
	assert_string_equal(owner_of(f, room), "ann");
}

static int add(struct store_fixture *f, struct store_join *op)
{
	int result = store_fixture_do(f, &op->op, STORE_JOIN);
	store_join_finish(op);
	return result;
}

static void somebody_is_added_by_id_or_by_name_and_guests_by_id_only(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	make_user(f, "bob", USER_PERSON);
	make_user(f, "gus", USER_GUEST);
	struct store_join by_name = {.room_no = room, .name_key = text_from("bob"), .by = text_from("{\"id\":1}")};
	assert_int_equal(store_fixture_do(f, &by_name.op, STORE_JOIN), 0);
	size_t n;
	const char *json = (const char *)event_json(by_name.event, &n);
	assert_non_null(memmem(json, n, "\"name\":\"bob\"", 12));
	assert_non_null(memmem(json, n, "\"by\":{\"id\":1}", 13));
	struct store_join again = {.room_no = room, .by_id = true, .user_id = by_name.user.id};
	assert_int_equal(store_fixture_do(f, &again.op, STORE_JOIN), 0);
	assert_null(again.event);
	assert_string_equal(again.user.name, "bob");
	assert_int_equal(again.membership.read_seq, by_name.membership.read_seq);
	store_join_finish(&by_name);
	store_join_finish(&again);
	struct store_join guest = {.room_no = room, .name_key = text_from("gus")},
			  none = {.room_no = room, .by_id = true, .user_id = fresh_id()};
	assert_int_equal(add(f, &guest), -ENOENT);
	assert_int_equal(add(f, &none), -ENOENT);
}

static void nobody_is_in_more_rooms_than_allowed(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON);
	uint64_t first = make_room(f, "first", ann), second = make_room(f, "second", ann);
	struct store_join in = {.room_no = first, .user_no = bob, .most_rooms = 1},
			  full = {.room_no = second, .user_no = bob, .most_rooms = 1};
	struct store_join again = in;
	assert_int_equal(add(f, &in), 0);
	assert_int_equal(add(f, &full), -EDQUOT);
	assert_int_equal(add(f, &again), 0);
	struct store_room_create own = {
		.id = fresh_id(), .owner_no = bob, .name = text_from("own"), .name_key = text_from("own"), .most_rooms = 1};
	assert_int_equal(store_fixture_do(f, &own.op, STORE_ROOM_CREATE), -EDQUOT);
}

static void a_guest_whose_token_is_gone_is_nobody(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	uint64_t gus = make_user(f, "gus", USER_GUEST);
	store_fixture_forget_tokens(f, gus);
	struct store_join op = {.room_no = room, .user_no = gus};
	struct store_room_create own = {.id = fresh_id(), .owner_no = gus, .name = text_from("own"), .name_key = text_from("own")};
	assert_int_equal(add(f, &op), -ENOENT);
	assert_int_equal(store_fixture_do(f, &own.op, STORE_ROOM_CREATE), -ENOENT);
}

/* A room's owner may ask for any account, so one account's damage must not end the server for everybody. */
static void a_damaged_account_cannot_be_added_and_the_others_can(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	make_user(f, "bob", USER_PERSON);
	make_user(f, "cyd", USER_PERSON);
	store_fixture_change(f, "UPDATE account SET kind = 9 WHERE name = 'bob'");
	struct store_join bob = {.room_no = room, .name_key = text_from("bob")}, cyd = {.room_no = room, .name_key = text_from("cyd")};
	assert_int_equal(add(f, &bob), -EBADMSG);
	assert_int_equal(add(f, &cyd), 0);
}

static void the_first_owner_is_the_only_first_owner(void **state)
{
	struct store_fixture *f = *state;
	assert_false(f->store->has_owner);
	struct store_user_create first = {
		.id = fresh_id(), .role = USER_ROLE_OWNER, .first_owner = true, .name = text_from("a"), .name_key = text_from("a")};
	struct store_user_create second = {
		.id = fresh_id(), .role = USER_ROLE_OWNER, .first_owner = true, .name = text_from("b"), .name_key = text_from("b")};
	assert_int_equal(store_fixture_do(f, &first.op, STORE_USER_CREATE), 0);
	assert_int_equal(store_fixture_do(f, &second.op, STORE_USER_CREATE), -EPERM);
	store_fixture_close(f);
	assert_true(store_fixture_open(f));
	assert_true(f->store->has_owner);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_room_passes_on_to_the_person_who_is_in_it_longest),
		TEST(a_room_without_persons_passes_on_to_a_bot_and_then_to_a_guest),
		TEST(somebody_is_added_by_id_or_by_name_and_guests_by_id_only),
		TEST(nobody_is_in_more_rooms_than_allowed),
		TEST(a_guest_whose_token_is_gone_is_nobody),
		TEST(a_damaged_account_cannot_be_added_and_the_others_can),
		TEST(the_first_owner_is_the_only_first_owner),
		TEST(who_does_not_own_a_room_leaves_its_owner_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
