/* Users, tokens, rooms, members and read marks. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>

static void names_are_unique_but_guests_share_them(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON);
	struct store_user_create again = {.id = fresh_id(), .kind = USER_BOT, .name = text_from("Ann"), .name_key = text_from("ann")};
	assert_int_equal(store_fixture_do(f, &again.op, STORE_USER_CREATE), -EEXIST);
	again.kind = USER_GUEST;
	assert_int_equal(store_fixture_do(f, &again.op, STORE_USER_CREATE), -EEXIST);
	uint64_t first = make_user(f, "guest", USER_GUEST), second = make_user(f, "guest", USER_GUEST);
	assert_true(first != second && first != ann);
	/* A guest's name can become a person's. */
	assert_true(make_user(f, "guest", USER_PERSON) > second);
}

static void user_by_name_finds_persons_and_bots_only(void **state)
{
	struct store_fixture *f = *state;
	struct store_user_create make = {.id = fresh_id(),
					 .kind = USER_PERSON,
					 .role = USER_ROLE_OWNER,
					 .name = text_from("Bea"),
					 .name_key = text_from("bea"),
					 .password_hash = "$argon2id$x"};
	assert_int_equal(store_fixture_do(f, &make.op, STORE_USER_CREATE), 0);
	struct store_user_by_name find = {.name_key = text_from("bea")};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_USER_BY_NAME), 0);
	assert_int_equal(find.user.no, make.user_no);
	assert_string_equal(find.user.name, "Bea");
	assert_int_equal(find.user.role, USER_ROLE_OWNER);
	assert_true(uid_equal(&find.user.id, &make.id));
	assert_string_equal(find.password_hash, "$argon2id$x");
	store_user_finish(&find.user);
	free(find.password_hash);
	make_user(f, "passing", USER_GUEST);
	find = (struct store_user_by_name){.name_key = text_from("passing")};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_USER_BY_NAME), -ENOENT);
}

static uint64_t make_user_with_token(struct store_fixture *f, const char *name, uint8_t token, enum token_kind kind)
{
	struct store_user_create op = {.id = fresh_id(),
				       .kind = kind == TOKEN_BOT ? USER_BOT : USER_PERSON,
				       .name = text_from(name),
				       .name_key = text_from(name),
				       .has_token = true,
				       .token_kind = kind};
	memset(op.token_hash, token, sizeof op.token_hash);
	assert_int_equal(store_fixture_do(f, &op.op, STORE_USER_CREATE), 0);
	return op.user_no;
}

static int sign_in(struct store_fixture *f, uint8_t token, struct store_sign_in *op)
{
	*op = (struct store_sign_in){.by_token = true};
	memset(op->token_hash, token, sizeof op->token_hash);
	return store_fixture_do(f, &op->op, STORE_SIGN_IN);
}

static int can_sign_in(struct store_fixture *f, uint8_t token)
{
	struct store_sign_in op;
	int result = sign_in(f, token, &op);
	store_sign_in_finish(&op);
	return result;
}

static void sign_in_gives_the_user_and_all_rooms(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user_with_token(f, "ann", 1, TOKEN_SESSION), bob = make_user(f, "bob", USER_PERSON);
	uint64_t room = make_room(f, "general", ann);
	make_room(f, "other", bob);
	assert_int_equal(send_text(f, room, bob, "{\"text\":\"1\"}"), 3);
	assert_int_equal(send_text(f, room, bob, "{\"text\":\"2\"}"), 4);
	struct store_sign_in op;
	assert_int_equal(sign_in(f, 1, &op), 0);
	assert_int_equal(op.user.no, ann);
	assert_string_equal(op.user.name, "ann");
	assert_int_equal(op.token_kind, TOKEN_SESSION);
	assert_int_equal(op.n_memberships, 1);
	const struct store_membership *m = &op.memberships[0];
	assert_int_equal(m->room.no, room);
	assert_string_equal(m->room.name, "general");
	assert_string_equal(m->room.topic, "");
	assert_int_equal(m->role, MEMBER_ROLE_OWNER);
	assert_int_equal(m->room.last_seq, 4);
	assert_int_equal(m->read_seq, 2);
	assert_int_equal(m->room.n_messages - m->read_messages, 2);
	store_sign_in_finish(&op);
	struct store_sign_in by_no = {.user_no = bob};
	assert_int_equal(store_fixture_do(f, &by_no.op, STORE_SIGN_IN), 0);
	assert_int_equal(by_no.n_memberships, 1);
	store_sign_in_finish(&by_no);
	assert_int_equal(sign_in(f, 99, &op), -ENOENT);
}

static void tokens_end_alone_or_together(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user_with_token(f, "ann", 1, TOKEN_SESSION);
	make_user_with_token(f, "bot", 9, TOKEN_BOT);
	make_user_with_token(f, "another", 8, TOKEN_BOT);
	for (uint8_t i = 2; i < 5; i++) {
		struct store_token_create op = {.user_no = ann, .kind = TOKEN_SESSION};
		memset(op.hash, i, sizeof op.hash);
		assert_int_equal(store_fixture_do(f, &op.op, STORE_TOKEN_CREATE), 0);
	}
	struct store_token_delete one = {0};
	memset(one.hash, 2, sizeof one.hash);
	assert_int_equal(store_fixture_do(f, &one.op, STORE_TOKEN_DELETE), 0);
	assert_int_equal(store_fixture_do(f, &one.op, STORE_TOKEN_DELETE), -ENOENT);
	assert_int_equal(can_sign_in(f, 2), -ENOENT);
	assert_int_equal(can_sign_in(f, 3), 0);
	struct store_token_delete all = {.everywhere = true};
	memset(all.hash, 3, sizeof all.hash);
	assert_int_equal(store_fixture_do(f, &all.op, STORE_TOKEN_DELETE), 0);
	for (uint8_t i = 1; i < 5; i++)
		assert_int_equal(can_sign_in(f, i), -ENOENT);
	assert_int_equal(can_sign_in(f, 9), 0);
	memset(all.hash, 9, sizeof all.hash); /* a bot's own: the token in use ends whatever its kind */
	assert_int_equal(store_fixture_do(f, &all.op, STORE_TOKEN_DELETE), 0);
	assert_int_equal(can_sign_in(f, 9), -ENOENT);
	assert_int_equal(can_sign_in(f, 8), 0);
}

static void a_token_alone_ends_the_others(void **state)
{
	struct store_fixture *f = *state;
	uint64_t bot = make_user_with_token(f, "bot", 1, TOKEN_BOT);
	make_user_with_token(f, "other", 2, TOKEN_BOT);
	struct store_token_create op = {.user_no = bot, .kind = TOKEN_BOT, .alone = true};
	memset(op.hash, 3, sizeof op.hash);
	assert_int_equal(store_fixture_do(f, &op.op, STORE_TOKEN_CREATE), 0);
	assert_int_equal(can_sign_in(f, 1), -ENOENT);
	assert_int_equal(can_sign_in(f, 2), 0);
	assert_int_equal(can_sign_in(f, 3), 0);
}

static void a_new_password_ends_all_sessions(void **state)
{
	struct store_fixture *f = *state;
	make_user_with_token(f, "ann", 1, TOKEN_SESSION);
	struct store_user_set op = {.name_key = text_from("ann"), .make_owner = true};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_USER_SET), 0);
	assert_int_equal(can_sign_in(f, 1), 0);
	op.password_hash = "new";
	assert_int_equal(store_fixture_do(f, &op.op, STORE_USER_SET), 0);
	assert_int_equal(can_sign_in(f, 1), -ENOENT);
	struct store_user_by_name find = {.name_key = text_from("ann")};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_USER_BY_NAME), 0);
	assert_string_equal(find.password_hash, "new");
	assert_int_equal(find.user.role, USER_ROLE_OWNER);
	assert_true(uid_equal(&find.user.id, &op.user_id));
	store_user_finish(&find.user);
	free(find.password_hash);
	op.name_key = text_from("nobody");
	assert_int_equal(store_fixture_do(f, &op.op, STORE_USER_SET), -ENOENT);
	make_user_with_token(f, "robot", 9, TOKEN_BOT);
	op.name_key = text_from("robot"); /* a bot has a token, never a password */
	op.password_hash = "hash";
	assert_int_equal(store_fixture_do(f, &op.op, STORE_USER_SET), -ENOENT);
}

static void a_token_for_a_password_that_was_replaced_is_not_made(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user_with_token(f, "ann", 1, TOKEN_SESSION);
	struct store_user_set set = {.name_key = text_from("ann"), .password_hash = "old"};
	assert_int_equal(store_fixture_do(f, &set.op, STORE_USER_SET), 0);
	struct store_token_create op = {.user_no = ann, .kind = TOKEN_SESSION, .password_hash = "old"};
	memset(op.hash, 2, sizeof op.hash);
	assert_int_equal(store_fixture_do(f, &op.op, STORE_TOKEN_CREATE), 0);
	assert_int_equal(can_sign_in(f, 2), 0);
	set.password_hash = "new";
	assert_int_equal(store_fixture_do(f, &set.op, STORE_USER_SET), 0);
	memset(op.hash, 3, sizeof op.hash);
	assert_int_equal(store_fixture_do(f, &op.op, STORE_TOKEN_CREATE), -ENOENT);
	assert_int_equal(can_sign_in(f, 3), -ENOENT);
	op.user_no = make_user(f, "passwordless", USER_PERSON);
	assert_int_equal(store_fixture_do(f, &op.op, STORE_TOKEN_CREATE), -ENOENT);
}

/* Sets every token's last use so many days back, behind the store's back. */
static void age_tokens(struct store_fixture *f, int days)
{
	char sql[100];
	snprintf(sql, sizeof sql, "UPDATE token SET used_day = used_day - %d", days);
	store_fixture_change(f, sql);
}

static void a_session_unused_for_90_days_is_over(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user_with_token(f, "ann", 1, TOKEN_SESSION);
	make_user_with_token(f, "bot", 2, TOKEN_BOT);
	store_fixture_close(f);
	age_tokens(f, 89);
	assert_true(store_fixture_open(f));
	assert_int_equal(can_sign_in(f, 1), 0); /* and that is noted with the next write */
	make_room(f, "room", ann);
	store_fixture_close(f);
	age_tokens(f, 89);
	assert_true(store_fixture_open(f));
	assert_int_equal(can_sign_in(f, 1), 0);
	store_fixture_close(f);
	age_tokens(f, 2);
	assert_true(store_fixture_open(f));
	assert_int_equal(can_sign_in(f, 1), -ENOENT);
	assert_int_equal(can_sign_in(f, 2), 0);
}

static int join(struct store_fixture *f, uint64_t room, uint64_t user, struct store_membership *out, bool *has_event)
{
	struct store_join op = {.room_no = room, .user_no = user};
	int result = store_fixture_do(f, &op.op, STORE_JOIN);
	*has_event = op.event != NULL;
	if (op.event) {
		assert_int_equal(op.event->type, EVENT_MEMBER_JOINED);
		assert_int_equal(op.event->seq, op.membership.read_seq);
	}
	*out = op.membership;
	store_join_finish(&op);
	out->room.name = out->room.topic = NULL;
	return result;
}

static int leave(struct store_fixture *f, uint64_t room, uint64_t user)
{
	struct store_leave op = {.room_no = room, .user_no = user, .data = json_from("{\"user\":{}}")};
	int result = store_fixture_do(f, &op.op, STORE_LEAVE);
	buf_finish(&op.data);
	assert_int_equal(op.event != NULL, result == 0);
	event_free(op.event);
	return result;
}

static void join_leave_and_join_again(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_GUEST), room = make_room(f, "r", ann);
	send_text(f, room, ann, "{}");
	struct store_membership m;
	bool has_event;
	assert_int_equal(join(f, room, bob, &m, &has_event), 0);
	assert_true(has_event);
	assert_int_equal(m.read_seq, 4);
	assert_int_equal(m.read_messages, 1);
	assert_int_equal(m.room.n_members, 2);
	assert_int_equal(m.room.last_seq, 4);
	assert_int_equal(send_text(f, room, ann, "{}"), 5);
	assert_int_equal(join(f, room, bob, &m, &has_event), 0);
	assert_false(has_event);
	assert_int_equal(m.read_seq, 4);
	assert_int_equal(m.room.last_seq, 5);
	assert_int_equal(m.room.n_members, 2);
	assert_int_equal(leave(f, room, bob), 0);
	assert_int_equal(leave(f, room, bob), -ENOENT);
	assert_int_equal(join(f, room, bob, &m, &has_event), 0);
	assert_int_equal(m.read_seq, 7);
	assert_int_equal(join(f, 4711, bob, &m, &has_event), -ENOENT);
	assert_int_equal(join(f, room, 4711, &m, &has_event), -ENOENT);
}

static void read_marks_only_move_forward(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON), room = make_room(f, "r", ann);
	for (int i = 0; i < 5; i++)
		send_text(f, room, bob, "{}"); /* seqs 3 to 7 */
	struct store_read_mark op = {.room_no = room, .user_no = ann, .seq = 4};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_READ_MARK), 0);
	assert_int_equal(op.read_seq, 4);
	assert_int_equal(op.read_messages, 2);
	op.seq = 3;
	assert_int_equal(store_fixture_do(f, &op.op, STORE_READ_MARK), 0);
	assert_int_equal(op.read_seq, 4);
	assert_int_equal(op.read_messages, 2);
	op.seq = UINT64_MAX;
	assert_int_equal(store_fixture_do(f, &op.op, STORE_READ_MARK), 0);
	assert_int_equal(op.read_seq, 7);
	assert_int_equal(op.read_messages, 5);
	op.user_no = 99;
	assert_int_equal(store_fixture_do(f, &op.op, STORE_READ_MARK), -ENOENT);
}

static void room_names_are_unique_and_can_change(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), one = make_room(f, "one", ann), two = make_room(f, "two", ann);
	struct store_room_create again = {.id = fresh_id(),
					  .name = text_from("One"),
					  .name_key = text_from("one"),
					  .owner_no = ann,
					  .created_data = json_from("{}"),
					  .joined_data = json_from("{}")};
	assert_int_equal(store_fixture_do(f, &again.op, STORE_ROOM_CREATE), -EEXIST);
	assert_null(again.events[0]);
	buf_finish(&again.created_data);
	buf_finish(&again.joined_data);
	struct store_room_update op = {
		.room_no = two, .name = text_from("One"), .name_key = text_from("one"), .data = json_from("{\"by\":{}}")};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_ROOM_UPDATE), -EEXIST);
	assert_null(op.event);
	op.name = text_from("TWO"); /* its own name in another spelling */
	op.name_key = text_from("two");
	op.topic = text_from("new topic");
	assert_int_equal(store_fixture_do(f, &op.op, STORE_ROOM_UPDATE), 0);
	assert_int_equal(op.event->seq, 3);
	event_free(op.event);
	op.room_no = 4711;
	assert_int_equal(store_fixture_do(f, &op.op, STORE_ROOM_UPDATE), -ENOENT);
	buf_finish(&op.data);
	struct store_room_find find = {.name_key = text_from("two")};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_ROOM_FIND), 0);
	assert_int_equal(find.room.no, two);
	assert_string_equal(find.room.name, "TWO");
	assert_string_equal(find.room.topic, "new topic");
	struct store_room_find by_id = {.by_id = true, .id = find.room.id};
	assert_int_equal(store_fixture_do(f, &by_id.op, STORE_ROOM_FIND), 0);
	assert_int_equal(by_id.room.no, two);
	store_room_finish(&find.room);
	store_room_finish(&by_id.room);
	struct store_room_find by_no = {.room_no = one};
	assert_int_equal(store_fixture_do(f, &by_no.op, STORE_ROOM_FIND), 0);
	assert_string_equal(by_no.room.name, "one");
	store_room_finish(&by_no.room);
	by_no.room_no = 4711;
	assert_int_equal(store_fixture_do(f, &by_no.op, STORE_ROOM_FIND), -ENOENT);
}

static void rooms_and_members_come_in_pages(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON);
	for (int i = 0; i < 7; i++) {
		char name[20];
		snprintf(name, sizeof name, "room %d", i);
		struct store_room_create op = {.id = fresh_id(),
					       .kind = i == 3 ? ROOM_PRIVATE : ROOM_PUBLIC,
					       .name = text_from(name),
					       .name_key = text_from(name),
					       .owner_no = i % 2 ? ann : bob,
					       .created_data = json_from("{}"),
					       .joined_data = json_from("{}")};
		assert_int_equal(store_fixture_do(f, &op.op, STORE_ROOM_CREATE), 0);
		store_room_finish(&op.membership.room);
		event_free(op.events[0]);
		event_free(op.events[1]);
		buf_finish(&op.created_data);
		buf_finish(&op.joined_data);
	}
	struct store_room_page page = {.user_no = ann, .limit = 4};
	assert_int_equal(store_fixture_do(f, &page.op, STORE_ROOM_PAGE), 0);
	assert_int_equal(page.n_rooms, 4);
	assert_true(page.more);
	assert_string_equal(page.rooms[3].name, "room 3");
	assert_true(page.is_member[3]);
	assert_false(page.is_member[2]);
	store_room_page_finish(&page);
	page = (struct store_room_page){.user_no = bob, .limit = 10, .after_key = text_from("room 1")};
	assert_int_equal(store_fixture_do(f, &page.op, STORE_ROOM_PAGE), 0);
	assert_int_equal(page.n_rooms, 4); /* not the private one */
	assert_false(page.more);
	store_room_page_finish(&page);

	uint64_t room = make_room(f, "full", ann);
	struct store_membership m;
	bool has_event;
	for (int i = 0; i < 5; i++)
		assert_int_equal(join(f, room, make_user(f, "g", USER_GUEST), &m, &has_event), 0);
	struct store_member_page members = {.room_no = room, .limit = 4};
	assert_int_equal(store_fixture_do(f, &members.op, STORE_MEMBER_PAGE), 0);
	assert_int_equal(members.n_users, 4);
	assert_true(members.more);
	assert_int_equal(members.users[0].no, ann);
	assert_int_equal(members.roles[0], MEMBER_ROLE_OWNER);
	struct uid last = members.users[3].id;
	store_member_page_finish(&members);
	members = (struct store_member_page){.room_no = room, .limit = 4, .after = last};
	assert_int_equal(store_fixture_do(f, &members.op, STORE_MEMBER_PAGE), 0);
	assert_int_equal(members.n_users, 2);
	assert_false(members.more);
	store_member_page_finish(&members);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_are_unique_but_guests_share_them, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(user_by_name_finds_persons_and_bots_only, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(sign_in_gives_the_user_and_all_rooms, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(tokens_end_alone_or_together, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_new_password_ends_all_sessions, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_token_for_a_password_that_was_replaced_is_not_made, store_fixture_setup,
						store_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_session_unused_for_90_days_is_over, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_token_alone_ends_the_others, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(join_leave_and_join_again, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(read_marks_only_move_forward, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(room_names_are_unique_and_can_change, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(rooms_and_members_come_in_pages, store_fixture_setup, store_fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
