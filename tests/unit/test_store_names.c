/* Names that look alike are refused, also in a file that is older than this rule. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>
#include <sqlite3.h>

#define CYRILLIC_I "\xd1\x96"
#define CYRILLIC_A "\xd0\xb0"
#define GREEK_OMICRON "\xce\xbf"

/* key: the name folded. */
static int make_shown(struct store_fixture *f, const char *name, const char *key, enum user_kind kind)
{
	struct store_user_create op = {.id = fresh_id(), .kind = kind, .name = text_from(name), .name_key = text_from(key)};
	return store_fixture_do(f, &op.op, STORE_USER_CREATE);
}

static int make(struct store_fixture *f, const char *name, enum user_kind kind)
{
	return make_shown(f, name, name, kind);
}

static int make_room_of(struct store_fixture *f, uint64_t owner_no, const char *name, enum room_kind kind)
{
	struct store_room_create op = {
		.id = fresh_id(), .kind = kind, .name = text_from(name), .name_key = text_from(name), .owner_no = owner_no};
	op.created_data = json_from("{\"name\":1}");
	op.joined_data = json_from("{\"user\":1}");
	int result = store_fixture_do(f, &op.op, STORE_ROOM_CREATE);
	store_room_finish(&op.membership.room);
	event_free(op.events[0]);
	event_free(op.events[1]);
	buf_finish(&op.created_data);
	buf_finish(&op.joined_data);
	return result;
}

static int make_named_room(struct store_fixture *f, const char *name, enum room_kind kind)
{
	return make_room_of(f, 1, name, kind);
}

static int rename_room(struct store_fixture *f, uint64_t no, const char *name)
{
	struct store_room_update op = {.room_no = no, .user_no = 1, .name = text_from(name), .name_key = text_from(name)};
	op.data = json_from("{\"name\":1}");
	int result = store_fixture_do(f, &op.op, STORE_ROOM_UPDATE);
	event_free(op.event);
	buf_finish(&op.data);
	return result;
}

static void accounts_do_not_look_alike(void **state)
{
	struct store_fixture *f = *state;
	assert_int_equal(make(f, "ann", USER_PERSON), 0);
	assert_int_equal(make(f, CYRILLIC_A "nn", USER_PERSON), -EEXIST);
	assert_int_equal(make(f, CYRILLIC_A "nn", USER_BOT), -EEXIST);
	assert_int_equal(make(f, CYRILLIC_A "nn", USER_GUEST), -EEXIST);
	assert_int_equal(make(f, "anna", USER_PERSON), 0);
	/* Guests may share names, and their names are free for others. */
	assert_int_equal(make(f, "b" GREEK_OMICRON "b", USER_GUEST), 0);
	assert_int_equal(make(f, "bob", USER_GUEST), 0);
	assert_int_equal(make(f, "bob", USER_PERSON), 0);
	assert_int_equal(make(f, "b" GREEK_OMICRON "b", USER_GUEST), -EEXIST);
	/* A name in another script is a name like any other. */
	assert_int_equal(make(f, "\xd0\xb6\xd0\xb5\xd0\xbd\xd1\x8f", USER_PERSON), 0);
}

/* What is seen has capitals: an I that is like an l, and letters of others that only as capitals are like ours. */
static void names_are_looked_at_as_they_are_shown(void **state)
{
	static const struct {
		const char *name, *key, *alike, *alike_key;
	} pairs[] = {
		{"PayPal", "paypal", "PayPaI", "paypai"},
		{"ADMIN", "admin", "ADMlN", "admln"},
		{"Bob", "bob", "\xd0\x92ob", "\xd0\xb2ob"}, /* Cyrillic Ve */
		{"BOO", "boo", "B00", "b00"},
		{"Tom", "tom", "\xd0\xa2\xd0\x9e\xd0\x9c", "\xd1\x82\xd0\xbe\xd0\xbc"}, /* TOM in Cyrillic */
		{"\xce\x92oard", "\xce\xb2oard", "BOARD", "board"},                     /* Greek Beta */
	};
	struct store_fixture *f = *state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		assert_int_equal(make_shown(f, pairs[i].name, pairs[i].key, USER_PERSON), 0);
		assert_int_equal(make_shown(f, pairs[i].alike, pairs[i].alike_key, USER_PERSON), -EEXIST);
		assert_int_equal(make_shown(f, pairs[i].alike, pairs[i].alike_key, USER_GUEST), -EEXIST);
	}
	/* Eighteen letters in one (U+FDFA), and so eleven times as long when looked at. */
	assert_int_equal(make(f, "\xef\xb7\xba\xef\xb7\xba\xef\xb7\xba", USER_PERSON), 0);
	/* In small letters these are told apart. */
	assert_int_equal(make(f, "ian", USER_PERSON), 0);
	assert_int_equal(make(f, "lan", USER_PERSON), 0);
}

static void rooms_do_not_look_alike(void **state)
{
	struct store_fixture *f = *state;
	make_user(f, "ann", USER_PERSON);
	assert_int_equal(make_named_room(f, "general", ROOM_PUBLIC), 0);
	assert_int_equal(make_named_room(f, "other", ROOM_PRIVATE), 0);
	assert_int_equal(make_named_room(f, "gener" CYRILLIC_A "l", ROOM_PUBLIC), -EEXIST);
	assert_int_equal(make_named_room(f, "gener" CYRILLIC_A "l", ROOM_PRIVATE), -EEXIST);
	assert_int_equal(rename_room(f, 2, "gener" CYRILLIC_A "l"), -EEXIST);
	assert_int_equal(rename_room(f, 1, "gener" CYRILLIC_A "l"), 0); /* its own */
	assert_int_equal(make_named_room(f, "general", ROOM_PUBLIC), -EEXIST);
	assert_int_equal(rename_room(f, 1, "lounge"), 0);
	assert_int_equal(make_named_room(f, "general", ROOM_PUBLIC), 0);
}

static void make_four(struct store_fixture *f)
{
	static const char *const names[] = {"ann", "bob", "eve", "zoe"};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(make(f, names[i], USER_PERSON), 0);
}

static void names_of_private_rooms_do_not_show(void **state)
{
	struct store_fixture *f = *state;
	make_four(f);
	assert_int_equal(make_room_of(f, 1, "plans", ROOM_PRIVATE), 0);
	assert_int_equal(make_room_of(f, 2, "plans", ROOM_PRIVATE), 0);
	assert_int_equal(make_room_of(f, 3, "pl" CYRILLIC_A "ns", ROOM_PUBLIC), 0);
	/* Members of a private room find its name taken, and everybody finds the name of a public room taken. */
	assert_int_equal(make_room_of(f, 1, "plans", ROOM_PRIVATE), -EEXIST);
	assert_int_equal(make_room_of(f, 4, "plans", ROOM_PRIVATE), -EEXIST);
	assert_int_equal(make_room_of(f, 1, "trips", ROOM_PRIVATE), 0);
	assert_int_equal(make_room_of(f, 1, "tr" CYRILLIC_I "ps", ROOM_PUBLIC), -EEXIST);
	assert_int_equal(make_room_of(f, 2, "tr" CYRILLIC_I "ps", ROOM_PUBLIC), 0);
	assert_int_equal(make_room_of(f, 1, "other", ROOM_PRIVATE), 0);
	assert_int_equal(rename_room(f, 6, "plans"), -EEXIST);
	assert_int_equal(rename_room(f, 6, "another"), 0);
	assert_int_equal(make_room_of(f, 1, "another", ROOM_PRIVATE), -EEXIST);
	assert_int_equal(make_room_of(f, 2, "another", ROOM_PRIVATE), 0);
}

static int find_room(struct store_fixture *f, const char *name, bool private_too)
{
	struct store_room_find op = {.name_key = text_from(name), .private_too = private_too};
	int result = store_fixture_do(f, &op.op, STORE_ROOM_FIND);
	store_room_finish(&op.room);
	return result;
}

static void a_private_room_is_found_by_name_when_private_too_and_alone(void **state)
{
	struct store_fixture *f = *state;
	make_four(f);
	assert_int_equal(make_room_of(f, 1, "plans", ROOM_PRIVATE), 0);
	assert_int_equal(find_room(f, "plans", false), -ENOENT);
	assert_int_equal(find_room(f, "plans", true), 0);
	assert_int_equal(make_room_of(f, 2, "plans", ROOM_PRIVATE), 0);
	assert_int_equal(find_room(f, "plans", true), -ENOENT);
	assert_int_equal(make_room_of(f, 3, "plans", ROOM_PUBLIC), 0);
	assert_int_equal(find_room(f, "plans", true), 0);
	assert_int_equal(find_room(f, "plans", false), 0);
}

/* Once the names of private rooms were unique among all. */
static void an_older_file_gives_the_names_of_private_rooms_free(void **state)
{
	struct store_fixture *f = *state;
	make_four(f);
	assert_int_equal(make_room_of(f, 1, "plans", ROOM_PRIVATE), 0);
	assert_int_equal(make_room_of(f, 1, "general", ROOM_PUBLIC), 0);
	store_fixture_close(f);
	store_fixture_change(
		f, STORE_FIXTURE_VERSION_1_SQL
		"UPDATE room SET name_key = private_key WHERE kind <> 0; DROP INDEX room_by_any_key; ALTER TABLE room DROP COLUMN private_key");
	for (int start = 0; start < 2; start++) {
		assert_true(store_fixture_open(f));
		assert_int_equal(find_room(f, "plans", false), -ENOENT);
		assert_int_equal(find_room(f, "general", false), 0);
		assert_int_equal(make_room_of(f, 1, "plans", ROOM_PUBLIC), -EEXIST);
		assert_int_equal(make_room_of(f, 2, "general", ROOM_PRIVATE), -EEXIST);
		store_fixture_close(f);
	}
	assert_true(store_fixture_open(f));
	assert_int_equal(make_room_of(f, 2, "plans", ROOM_PUBLIC), 0);
}

/* A file from before names had skeletons, with two of each that look alike. */
static void make_old(struct store_fixture *f)
{
	store_fixture_change(f, STORE_FIXTURE_VERSION_1_SQL
			     "DROP INDEX user_by_skeleton; DROP INDEX room_by_skeleton;"
			     "ALTER TABLE user DROP COLUMN skeleton; ALTER TABLE room DROP COLUMN skeleton;"
			     "UPDATE user SET name = '" CYRILLIC_A "nn', name_key = '" CYRILLIC_A "nn' WHERE name_key = 'second';"
			     "UPDATE room SET name = 'gener" CYRILLIC_A "l', name_key = 'gener" CYRILLIC_A "l'"
			     " WHERE name_key = 'second'");
}

static void an_older_file_keeps_what_looks_alike_in_it(void **state)
{
	struct store_fixture *f = *state;
	assert_int_equal(make(f, "ann", USER_PERSON), 0);
	assert_int_equal(make(f, "second", USER_PERSON), 0);
	assert_int_equal(make(f, "bob", USER_GUEST), 0);
	assert_int_equal(make_named_room(f, "general", ROOM_PUBLIC), 0);
	assert_int_equal(make_named_room(f, "second", ROOM_PUBLIC), 0);
	store_fixture_close(f);
	make_old(f);
	for (int start = 0; start < 2; start++) {
		assert_true(store_fixture_open(f));
		struct store_user_by_name find = {.name_key = text_from(CYRILLIC_A "nn")};
		assert_int_equal(store_fixture_do(f, &find.op, STORE_USER_BY_NAME), 0);
		store_user_finish(&find.user);
		assert_int_equal(make(f, CYRILLIC_A "n\xd5\xb8", USER_PERSON), -EEXIST); /* a third: the n is Armenian */
		assert_int_equal(make_named_room(f,
						 "g"
						 "\xd0\xb5"
						 "neral",
						 ROOM_PUBLIC),
				 -EEXIST);
		assert_int_equal(rename_room(f, 2, "gener" CYRILLIC_A "l"), 0); /* what it has */
		assert_int_equal(rename_room(f, 2,
					     "gen"
					     "\xd0\xb5"
					     "ral"),
				 -EEXIST);
		store_fixture_close(f);
	}
	assert_true(store_fixture_open(f));
	assert_int_equal(make(f, "bob", USER_PERSON), 0);
	/* Once its twin is gone, the name is guarded from the next start on. */
	assert_int_equal(rename_room(f, 1, "lounge"), 0);
	store_fixture_close(f);
	assert_true(store_fixture_open(f));
	assert_int_equal(make_named_room(f, "general", ROOM_PUBLIC), -EEXIST);
}

static void what_shows_nothing_makes_no_other_look(void **state)
{
	struct store_fixture *f = *state;
	assert_int_equal(make(f, "ann", USER_PERSON), 0);
	assert_int_equal(make_named_room(f, "general", ROOM_PUBLIC), 0);
	assert_int_equal(make(f, CYRILLIC_A "\uFE0Fnn", USER_PERSON), -EEXIST); /* a variation selector */
	assert_int_equal(make(f, CYRILLIC_A "n\u034Fn", USER_PERSON), -EEXIST); /* a grapheme joiner */
	assert_int_equal(make_named_room(f, "gener" CYRILLIC_A "\uFE0Fl", ROOM_PUBLIC), -EEXIST);
	assert_int_equal(make(f, "\U0001F469\u200D\U0001F4BB", USER_PERSON), 0);
	assert_int_equal(make(f, "\U0001F469\U0001F4BB", USER_PERSON), -EEXIST);
}

/* The existing skeletons were made by a library with other tables, or by an earlier version of the function. */
static void skeletons_of_other_tables_are_made_again(void **state)
{
	struct store_fixture *f = *state;
	assert_int_equal(make(f, "ann", USER_PERSON), 0);
	assert_int_equal(make_named_room(f, "general", ROOM_PUBLIC), 0);
	assert_int_equal(make_named_room(f, "secret", ROOM_PRIVATE), 0);
	store_fixture_close(f);
	store_fixture_change(f, "UPDATE account SET skeleton = 'x'; UPDATE room SET skeleton = 'y' || no;"
				"INSERT OR REPLACE INTO meta VALUES ('skeletons', '1/60.1')");
	assert_true(store_fixture_open(f));
	assert_int_equal(make(f, CYRILLIC_A "nn", USER_PERSON), -EEXIST);
	assert_int_equal(make_named_room(f, "gener" CYRILLIC_A "l", ROOM_PUBLIC), -EEXIST);
	store_fixture_close(f);
	store_fixture_change(f, "UPDATE account SET skeleton = 'x'");
	assert_true(store_fixture_open(f)); /* the note says that they are ours: not again at each start */
	assert_int_equal(make(f, CYRILLIC_A "nn", USER_PERSON), 0);
}

/* A version without skeletons ran on the file for a while. */
static void names_without_a_skeleton_get_it_at_the_next_start(void **state)
{
	struct store_fixture *f = *state;
	assert_int_equal(make(f, "ann", USER_PERSON), 0);
	assert_int_equal(make(f, "bob", USER_GUEST), 0);
	assert_int_equal(make_named_room(f, "general", ROOM_PUBLIC), 0);
	store_fixture_close(f);
	store_fixture_change(f, "UPDATE account SET skeleton = NULL; UPDATE room SET skeleton = NULL");
	assert_true(store_fixture_open(f));
	assert_int_equal(make(f, CYRILLIC_A "nn", USER_PERSON), -EEXIST);
	assert_int_equal(make(f, "bob", USER_PERSON), 0);
	assert_int_equal(make_named_room(f, "gener" CYRILLIC_A "l", ROOM_PUBLIC), -EEXIST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(accounts_do_not_look_alike, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(names_are_looked_at_as_they_are_shown, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(what_shows_nothing_makes_no_other_look, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(rooms_do_not_look_alike, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(names_of_private_rooms_do_not_show, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_private_room_is_found_by_name_when_private_too_and_alone, store_fixture_setup,
						store_fixture_teardown),
#ifndef STORE_ON_POSTGRES /* of the file, or of tables as they were before PostgreSQL */
		cmocka_unit_test_setup_teardown(names_without_a_skeleton_get_it_at_the_next_start, store_fixture_setup,
						store_fixture_teardown),
		cmocka_unit_test_setup_teardown(skeletons_of_other_tables_are_made_again, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(an_older_file_gives_the_names_of_private_rooms_free, store_fixture_setup,
						store_fixture_teardown),
		cmocka_unit_test_setup_teardown(an_older_file_keeps_what_looks_alike_in_it, store_fixture_setup, store_fixture_teardown),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
