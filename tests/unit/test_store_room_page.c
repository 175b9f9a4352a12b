/* room.list's page: which rooms, in which order, and what other people's private rooms cost. */
#include "cmocka_wrap.h"

#include "store/sqlite/db_sqlite.h"
#include "store/work/store_reader.h"
#include "store_fixture.h"

#include <errno.h>
#include <sqlite3.h>

enum { PRIVATE_ROOMS = 300, PAGE = 100 };

/* Asks for pages of this size until there are no more; each name, with a * where the user is a member, one space between them. */
static struct buf names_seen_by(struct store_fixture *f, uint64_t user_no, uint64_t limit)
{
	struct buf names = BUF_INIT;
	char after[64] = "";
	bool more = true;
	while (more) {
		struct store_room_page page = {.user_no = user_no, .limit = limit, .after_key = text_from(after)};
		assert_int_equal(store_fixture_do(f, &page.op, STORE_ROOM_PAGE), 0);
		for (size_t i = 0; i < page.n_rooms; i++)
			buf_appendf(&names, "%s%s%s", names.len ? " " : "", page.rooms[i].name, page.is_member[i] ? "*" : "");
		more = page.more;
		assert_true(page.n_rooms == limit || !more);
		snprintf(after, sizeof after, "%s", page.n_rooms ? page.rooms[page.n_rooms - 1].name : "");
		store_room_page_finish(&page);
	}
	buf_append_byte(&names, '\0');
	return names;
}

static void pages_have_public_and_own_rooms_once_and_in_order(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON), eve = make_user(f, "eve", USER_PERSON);
	make_room_of_kind(f, "g", ROOM_PRIVATE, ann);
	make_room_of_kind(f, "b", ROOM_PUBLIC, ann);
	make_room_of_kind(f, "e", ROOM_PUBLIC, bob);
	make_room_of_kind(f, "a", ROOM_PRIVATE, bob);
	make_room_of_kind(f, "d", ROOM_PRIVATE, ann);
	make_room_of_kind(f, "f", ROOM_PUBLIC, ann);
	make_room_of_kind(f, "c", ROOM_PRIVATE, bob);
	for (uint64_t limit = 1; limit < 9; limit++) {
		auto_buf of_ann = names_seen_by(f, ann, limit), of_bob = names_seen_by(f, bob, limit),
			 of_eve = names_seen_by(f, eve, limit);
		assert_string_equal((const char *)of_ann.data, "b* d* e f* g*");
		assert_string_equal((const char *)of_bob.data, "a* b c* e* f");
		assert_string_equal((const char *)of_eve.data, "b e f");
	}
}

static void rooms_of_one_name_are_in_one_page(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON);
	make_room_of_kind(f, "a", ROOM_PUBLIC, bob);
	make_room_of_kind(f, "b", ROOM_PRIVATE, ann);
	make_room_of_kind(f, "b", ROOM_PUBLIC, bob);
	make_room_of_kind(f, "c", ROOM_PUBLIC, bob);
	static const size_t n_rooms[] = {1, 2, 1};
	const char *after[] = {"", "a", "b"};
	for (int i = 0; i < 3; i++) {
		struct store_room_page page = {.user_no = ann, .limit = 1, .after_key = text_from(after[i])};
		assert_int_equal(store_fixture_do(f, &page.op, STORE_ROOM_PAGE), 0);
		assert_int_equal(page.n_rooms, n_rooms[i]);
		assert_int_equal(page.more, i < 2);
		store_room_page_finish(&page);
	}
}

/* Anybody can make rooms of one name, so these must not make a page of all rooms longer. */
static void pages_of_all_rooms_have_each_once_however_many_share_a_name(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), eve = make_user(f, "eve", USER_PERSON);
	enum { SAME = 25, LIMIT = 10 };
	make_room_of_kind(f, "a", ROOM_PUBLIC, eve);
	for (int i = 0; i < SAME; i++)
		make_room_of_kind(f, "b", ROOM_PRIVATE, make_user(f, (char[]){'u', (char)('a' + i), 0}, USER_PERSON));
	make_room_of_kind(f, "c", ROOM_PRIVATE, eve);
	struct store_room_page page = {.user_no = ann, .limit = LIMIT, .all = true};
	assert_int_equal(store_fixture_do(f, &page.op, STORE_ROOM_PAGE), -EACCES);
	struct store_user_set owner = {.name_key = text_from("ann"), .make_owner = true};
	assert_int_equal(store_fixture_do(f, &owner.op, STORE_USER_SET), 0);
	size_t n = 0;
	uint64_t last_no = 0;
	for (bool more = true; more; n += page.n_rooms, store_room_page_finish(&page)) {
		assert_int_equal(store_fixture_do(f, &page.op, STORE_ROOM_PAGE), 0);
		assert_in_range(page.n_rooms, 1, LIMIT);
		for (size_t i = 0; i < page.n_rooms; i++) {
			assert_true(page.rooms[i].no > last_no); /* they were made in the order of their names */
			last_no = page.rooms[i].no;
		}
		page.by_room = true;
		page.after_room = page.rooms[page.n_rooms - 1].id;
		more = page.more;
	}
	assert_int_equal(n, SAME + 2);
	page.after_room = fresh_id();
	assert_int_equal(store_fixture_do(f, &page.op, STORE_ROOM_PAGE), -ENOENT);
}

/* How many steps of SQLite's machine a page takes; *n_rows is how many rooms it has. */
static int steps_of_a_page(const struct store_fixture *f, uint64_t user_no, size_t *n_rows)
{
	char path[300];
	struct db_sqlite db;
	snprintf(path, sizeof path, "%s/parley.db", f->dir);
	assert_int_equal(db_sqlite_open_reader(&db, path), SQLITE_OK);
	struct store_reader reader = {.db = &db.db};
	struct store_room_page page = {.user_no = user_no, .limit = PAGE};
	assert_int_equal(read_room_page(&reader, &page), 0);
	*n_rows = page.n_rooms;
	store_room_page_finish(&page);
	int steps = 0;
	for (sqlite3_stmt *st = NULL; (st = sqlite3_next_stmt(db.connection.db, st));)
		steps += sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 0);
	db_close(&db.db);
	return steps;
}

static void private_rooms_of_others_cost_a_page_nothing(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON);
	make_room_of_kind(f, "p public", ROOM_PUBLIC, bob);
	make_room_of_kind(f, "q own", ROOM_PRIVATE, ann);
	size_t n_rows;
	int before = steps_of_a_page(f, ann, &n_rows);
	assert_int_equal(n_rows, 2);
	for (int i = 0; i < PRIVATE_ROOMS; i++) {
		char name[20];
		snprintf(name, sizeof name, "p %d", i);
		make_room_of_kind(f, name, ROOM_PRIVATE, bob);
	}
	int after = steps_of_a_page(f, ann, &n_rows);
	assert_int_equal(n_rows, 2);
	if (after > before + PRIVATE_ROOMS / 10)
		fail_msg("%d steps, and %d with %d private rooms of somebody else", before, after, PRIVATE_ROOMS);
}

static void a_database_of_before_the_index_gets_it_at_the_start(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON);
	make_room_of_kind(f, "b", ROOM_PUBLIC, ann);
	make_room_of_kind(f, "a", ROOM_PUBLIC, ann);
	for (int round = 0; round < 2; round++) {
		store_fixture_close(f);
		store_fixture_change(f, round == 0 ? STORE_FIXTURE_VERSION_1_SQL "DROP INDEX room_public" : "REINDEX room_public");
		assert_true(store_fixture_open(f));
		auto_buf names = names_seen_by(f, ann, 1);
		assert_string_equal((const char *)names.data, "a* b*");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pages_of_all_rooms_have_each_once_however_many_share_a_name, store_fixture_setup,
						store_fixture_teardown),
		cmocka_unit_test_setup_teardown(pages_have_public_and_own_rooms_once_and_in_order, store_fixture_setup,
						store_fixture_teardown),
		cmocka_unit_test_setup_teardown(rooms_of_one_name_are_in_one_page, store_fixture_setup, store_fixture_teardown),
#ifndef STORE_ON_POSTGRES /* of the file, or of tables as they were before PostgreSQL */
		cmocka_unit_test_setup_teardown(private_rooms_of_others_cost_a_page_nothing, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_database_of_before_the_index_gets_it_at_the_start, store_fixture_setup,
						store_fixture_teardown),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
