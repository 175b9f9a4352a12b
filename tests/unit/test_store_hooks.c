/* Incoming webhooks: made, found by their token, listed, changed by those who may. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>

static int make_hook(struct store_fixture *f, uint64_t room_no, uint64_t by_no, uint8_t token, uint64_t most, struct store_hook_create *out)
{
	*out = (struct store_hook_create){.room_no = room_no,
					  .created_by_no = by_no,
					  .id = fresh_id(),
					  .name = text_from("Builds"),
					  .name_key = text_from("builds"),
					  .adapter = text_from("slack"),
					  .secret = token % 2 ? text_from("secret") : (struct text){0},
					  .most_hooks = most};
	memset(out->token_hash, token, sizeof out->token_hash);
	return store_fixture_do(f, &out->op, STORE_HOOK_CREATE);
}

static int find_hook(struct store_fixture *f, uint8_t token, struct store_hook_find *out)
{
	*out = (struct store_hook_find){0};
	memset(out->token_hash, token, sizeof out->token_hash);
	return store_fixture_do(f, &out->op, STORE_HOOK_FIND);
}

static bool is_found(struct store_fixture *f, uint8_t token)
{
	struct store_hook_find op;
	int result = find_hook(f, token, &op);
	store_hook_find_finish(&op);
	assert_true(result == 0 || result == -ENOENT);
	return result == 0;
}

static int rotate(struct store_fixture *f, const struct uid *id, uint64_t user_no, uint8_t token)
{
	struct store_hook_rotate op = {.id = *id, .user_no = user_no};
	memset(op.token_hash, token, sizeof op.token_hash);
	return store_fixture_do(f, &op.op, STORE_HOOK_ROTATE);
}

static int drop(struct store_fixture *f, const struct uid *id, uint64_t user_no)
{
	struct store_hook_delete op = {.id = *id, .user_no = user_no};
	return store_fixture_do(f, &op.op, STORE_HOOK_DELETE);
}

static void a_hook_is_found_by_its_token_with_its_account_and_room(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	struct store_hook_create made;
	struct store_hook_find op;
	assert_int_equal(make_hook(f, room, ann, 1, 0, &made), 0);
	assert_int_equal(find_hook(f, 1, &op), 0);
	assert_int_equal(op.hook.account.no, made.account_no);
	assert_int_equal(op.hook.account.kind, USER_HOOK);
	assert_memory_equal(&op.hook.account.id, &made.id, sizeof made.id);
	assert_string_equal(op.hook.account.name, "Builds");
	assert_string_equal(op.hook.adapter, "slack");
	assert_string_equal(op.hook.secret, "secret");
	assert_null(op.hook.template_text);
	assert_false(op.hook.may_mention);
	assert_int_equal(op.room.no, room);
	store_hook_find_finish(&op);
	assert_false(is_found(f, 2));
	assert_int_equal(count_faults(f), 0);
}

static void hooks_share_names_and_nobody_can_be_one(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	struct store_hook_create first, second;
	assert_int_equal(make_hook(f, room, ann, 2, 0, &first), 0);
	assert_int_equal(make_hook(f, room, ann, 4, 0, &second), 0);
	assert_true(make_user(f, "builds", USER_PERSON) > 0);
	struct store_join join = {.room_no = room, .by_id = true, .user_id = first.id};
	assert_int_equal(store_fixture_do(f, &join.op, STORE_JOIN), -ENOENT);
	store_join_finish(&join);
	struct store_user_by_name find = {.name_key = text_from("Builds")};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_USER_BY_NAME), -ENOENT);
	store_user_by_name_finish(&find);
}

static void a_room_has_no_more_of_them_than_it_may(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann), other = make_room(f, "o", ann);
	struct store_hook_create made, last;
	assert_int_equal(make_hook(f, room, ann, 1, 2, &made), 0);
	assert_int_equal(make_hook(f, room, ann, 2, 2, &last), 0);
	assert_int_equal(make_hook(f, room, ann, 3, 2, &made), -EDQUOT);
	assert_int_equal(make_hook(f, other, ann, 3, 2, &made), 0);
	assert_int_equal(make_hook(f, 99, ann, 4, 2, &made), -ENOENT);
	assert_int_equal(drop(f, &last.id, ann), 0);
	assert_int_equal(make_hook(f, room, ann, 5, 2, &made), 0);
	struct store_hook_list list = {.room_no = room};
	assert_int_equal(store_fixture_do(f, &list.op, STORE_HOOK_LIST), 0);
	assert_int_equal(list.n_hooks, 2);
	assert_int_equal(list.hooks[0].made.no, ann);
	assert_string_equal(list.hooks[0].made.name, "ann");
	assert_memory_equal(&list.hooks[1].account.id, &made.id, sizeof made.id);
	store_hook_list_finish(&list);
}

static void only_owners_change_a_hook_and_only_those_who_see_its_room_learn_that_it_is_there(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON), eve = make_user(f, "eve", USER_PERSON);
	uint64_t open = make_room(f, "r", ann), hidden = make_room_of_kind(f, "h", ROOM_PRIVATE, ann);
	struct store_hook_create in_open, in_hidden;
	join_room(f, hidden, bob);
	assert_int_equal(make_hook(f, open, ann, 1, 0, &in_open), 0);
	assert_int_equal(make_hook(f, hidden, ann, 2, 0, &in_hidden), 0);
	assert_int_equal(rotate(f, &in_open.id, eve, 9), -EACCES);
	assert_int_equal(drop(f, &in_open.id, eve), -EACCES);
	assert_int_equal(rotate(f, &in_hidden.id, bob, 9), -EACCES);
	assert_int_equal(rotate(f, &in_hidden.id, eve, 9), -ENOENT);
	assert_int_equal(drop(f, &in_hidden.id, eve), -ENOENT);
	assert_true(is_found(f, 1) && is_found(f, 2) && !is_found(f, 9));
	assert_int_equal(rotate(f, &in_hidden.id, ann, 3), 0);
	assert_true(!is_found(f, 2) && is_found(f, 3));
	struct store_user_set set = {.name_key = text_from("eve"), .make_owner = true};
	assert_int_equal(store_fixture_do(f, &set.op, STORE_USER_SET), 0);
	assert_int_equal(drop(f, &in_hidden.id, eve), 0);
	assert_false(is_found(f, 3));
	assert_int_equal(drop(f, &in_hidden.id, eve), -ENOENT);
	assert_int_equal(count_faults(f), 0);
}

static int make_asking(struct store_fixture *f, uint64_t room_no, uint8_t token, const char *command, struct store_hook_create *out)
{
	*out = (struct store_hook_create){.room_no = room_no,
					  .id = fresh_id(),
					  .name = text_from("Deployer"),
					  .name_key = text_from("deployer"),
					  .adapter = text_from("slack"),
					  .ask = {.url = text_from("https://deploy.example/"),
						  .secret = text_from("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
						  .command = text_from(command),
						  .words = text_from("build ship"),
						  .headers = text_from("{\"X-Key\":\"a\",\"X-Other\":\"b\"}"),
						  .hint = text_from("WHAT"),
						  .description = text_from("Deploys"),
						  .hears_hooks = true}};
	memset(out->token_hash, token, sizeof out->token_hash);
	return store_fixture_do(f, &out->op, STORE_HOOK_CREATE);
}

static int open_ask(struct store_fixture *f, uint64_t account_no, uint64_t room_no, uint64_t hops, uint8_t token,
		    struct store_ask_open *out)
{
	*out = (struct store_ask_open){.account_no = account_no, .room_no = room_no, .asker_no = 7, .hops = hops};
	memset(out->token_hash, token, sizeof out->token_hash);
	return store_fixture_do(f, &out->op, STORE_ASK_OPEN);
}

static int take_reply(struct store_fixture *f, uint8_t token, struct store_ask_reply *out)
{
	*out = (struct store_ask_reply){0};
	memset(out->token_hash, token, sizeof out->token_hash);
	return store_fixture_do(f, &out->op, STORE_ASK_REPLY);
}

static void a_hook_that_asks_is_listed_with_what_it_asks_and_its_command_is_taken(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann), other = make_room(f, "o", ann);
	struct store_hook_create plain, asking, again;
	assert_int_equal(make_hook(f, room, ann, 1, 0, &plain), 0);
	assert_int_equal(make_asking(f, room, 2, "deploy", &asking), 0);
	assert_int_equal(make_asking(f, room, 3, "deploy", &again), -EEXIST);
	assert_int_equal(make_asking(f, other, 3, "deploy", &again), 0);
	assert_int_equal(make_asking(f, room, 4, NULL, &again), 0);
	assert_int_equal(make_asking(f, room, 5, NULL, &again), 0);
	struct store_hook_list all = {.room_no = room}, asks = {.room_no = room, .that_ask = true};
	assert_int_equal(store_fixture_do(f, &all.op, STORE_HOOK_LIST), 0);
	assert_int_equal(store_fixture_do(f, &asks.op, STORE_HOOK_LIST), 0);
	assert_int_equal(all.n_hooks, 4);
	assert_int_equal(asks.n_hooks, 3);
	assert_null(all.hooks[0].ask.url);
	const struct store_hook_ask *ask = &asks.hooks[0].ask;
	assert_int_equal(asks.hooks[0].account.no, asking.account_no);
	assert_string_equal(ask->url, "https://deploy.example/");
	assert_string_equal(ask->command, "deploy");
	assert_string_equal(ask->words, "build ship");
	assert_string_equal(ask->hint, "WHAT");
	assert_true(ask->hears_hooks);
	assert_null(asks.hooks[1].ask.command);
	store_hook_list_finish(&all);
	store_hook_list_finish(&asks);
	assert_int_equal(drop(f, &asking.id, ann), 0);
	assert_int_equal(make_asking(f, room, 6, "deploy", &again), 0);
	assert_int_equal(count_faults(f), 0);
}

static void what_is_asked_may_be_answered_five_times_while_its_hook_is_there(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	struct store_hook_create asking, plain;
	struct store_ask_open open;
	struct store_ask_reply reply;
	assert_int_equal(make_hook(f, room, ann, 1, 0, &plain), 0);
	assert_int_equal(make_asking(f, room, 2, "deploy", &asking), 0);
	assert_int_equal(open_ask(f, plain.account_no, room, 0, 9, &open), -ENOENT);
	assert_int_equal(open_ask(f, asking.account_no, room + 1, 0, 9, &open), -ENOENT);
	assert_int_equal(open_ask(f, asking.account_no, room, 2, 9, &open), 0);
	assert_string_equal(open.url, "https://deploy.example/");
	assert_string_equal(open.headers, "{\"X-Key\":\"a\",\"X-Other\":\"b\"}");
	assert_null(open.ca);
	store_ask_open_finish(&open);
	for (int i = 0; i < STORE_ASK_REPLIES; i++) {
		assert_int_equal(take_reply(f, 9, &reply), 0);
		assert_int_equal(reply.hook.no, asking.account_no);
		assert_int_equal(reply.room.no, room);
		assert_int_equal(reply.asker_no, 7);
		assert_int_equal(reply.hops, 2);
		assert_string_equal(reply.command, "deploy");
		store_ask_reply_finish(&reply);
	}
	assert_int_equal(take_reply(f, 9, &reply), -EDQUOT);
	assert_int_equal(take_reply(f, 8, &reply), -ENOENT);
	assert_int_equal(open_ask(f, asking.account_no, room, 0, 8, &open), 0);
	store_ask_open_finish(&open);
	assert_int_equal(drop(f, &asking.id, ann), 0);
	assert_int_equal(take_reply(f, 8, &reply), -ENOENT);
	assert_int_equal(count_faults(f), 0);
}

static void what_a_hook_posts_after_it_was_asked_has_one_hop_more(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	struct store_hook_create asking;
	struct store_hook_find find;
	struct store_ask_open open;
	assert_int_equal(make_asking(f, room, 2, "deploy", &asking), 0);
	assert_int_equal(find_hook(f, 2, &find), 0);
	assert_int_equal(find.hops, 1);
	store_hook_find_finish(&find);
	assert_int_equal(open_ask(f, asking.account_no, room, 2, 9, &open), 0);
	store_ask_open_finish(&open);
	assert_int_equal(open_ask(f, asking.account_no, room, 0, 8, &open), 0);
	store_ask_open_finish(&open);
	assert_int_equal(find_hook(f, 2, &find), 0);
	assert_int_equal(find.hops, 3);
	store_hook_find_finish(&find);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_hook_is_found_by_its_token_with_its_account_and_room),
		TEST(hooks_share_names_and_nobody_can_be_one),
		TEST(a_room_has_no_more_of_them_than_it_may),
		TEST(only_owners_change_a_hook_and_only_those_who_see_its_room_learn_that_it_is_there),
		TEST(a_hook_that_asks_is_listed_with_what_it_asks_and_its_command_is_taken),
		TEST(what_is_asked_may_be_answered_five_times_while_its_hook_is_there),
		TEST(what_a_hook_posts_after_it_was_asked_has_one_hop_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
