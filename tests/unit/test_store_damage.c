/* Real damage in the file: reads that meet it are refused and named, undamaged data is still served, and the process does not end. */
#include "store_hurt.h"

static void an_overwritten_leaf_takes_its_events_and_nothing_else(void **state)
{
	struct world *w = *state;
	overwrite_page(w, find_text(w, "hurt 000050"));
	struct reading up = read_all(w, w->hurt, false), down = read_all(w, w->hurt, true);
	assert_int_equal(up.n_refusals, 1);
	assert_true(up.refused_from <= 50 && up.refused_to >= 50);
	assert_in_range(up.refused_to - up.refused_from, 3, 20);
	assert_int_equal(up.n_read + up.refused_to - up.refused_from + 1, EVENTS + 2);
	assert_memory_equal(&up, &down, sizeof up);
	assert_int_equal(read_all(w, w->first, false).n_read, EVENTS + 2);
	assert_int_equal(read_all(w, w->last, true).n_read, EVENTS + 2);
	assert_hurt_alone_is_stopped(w);
	assert_verify_says(w, "room 2 (");
	char stretch[80];
	snprintf(stretch, sizeof stretch, "seq %d to %d are damaged", (int)up.refused_from, (int)up.refused_to);
	assert_verify_says(w, stretch);
}

static void each_changed_byte_of_an_event_is_found(void **state)
{
	struct world *w = *state;
	off_t at = find_text(w, "hurt 000050");
	/* In the text, in the envelope before it, and the columns before that. */
	const off_t places[] = {at, at + 6, at + 100, at - 30, at - 150, at - 190};
	uint8_t good, bad;
	int fd = open_db(w);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		assert_int_equal(pread(fd, &good, 1, places[i]), 1);
		bad = good ^ 1;
		overwrite(w, places[i], &bad, 1);
		store_fixture_close(w->f);
		assert_true(store_fixture_open(w->f)); /* the file is sound, as far as SQLite can see */
		struct reading r = read_all(w, w->hurt, i % 2);
		assert_int_equal(r.n_refusals, 1);
		assert_int_equal(r.refused_from, 50);
		assert_int_equal(r.refused_to, 50);
		assert_int_equal(r.n_read, EVENTS + 1);
		assert_verify_says(w, "seq 50 is damaged");
		overwrite(w, places[i], &good, 1);
	}
	close(fd);
	store_fixture_close(w->f);
	assert_true(store_fixture_open(w->f));
	assert_int_equal(count_faults(w->f), 0);
}

static void bytes_that_moved_are_found(void **state)
{
	struct world *w = *state;
	store_fixture_close(w->f);
	store_fixture_change(
		w->f, "UPDATE event SET (id, type, author_no, at_ms, n_messages, target_seq, json, checksum) ="
		      " (SELECT id, type, author_no, at_ms, n_messages, target_seq, json, checksum FROM event WHERE pk = 3 << 36 | 50)"
		      " WHERE pk = 2 << 36 | 50");
	store_fixture_change(w->f, "DELETE FROM event WHERE pk = 2 << 36 | 70");
	assert_true(store_fixture_open(w->f));
	struct reading up = read_all(w, w->hurt, false);
	assert_int_equal(up.n_refusals, 2);
	assert_int_equal(up.n_read, EVENTS);
	assert_int_equal(up.refused_from, 70);
	assert_int_equal(up.refused_to, 70);
	assert_hurt_alone_is_stopped(w);
}

static void a_log_without_its_end_is_refused_to_the_end(void **state)
{
	struct world *w = *state;
	store_fixture_close(w->f);
	store_fixture_change(w->f, "DELETE FROM event WHERE pk BETWEEN 2 << 36 | 20 AND 2 << 36 | 121");
	assert_true(store_fixture_open(w->f));
	struct reading up = read_all(w, w->hurt, false), down = read_all(w, w->hurt, true);
	assert_int_equal(up.n_refusals, 1);
	assert_int_equal(up.refused_from, 20);
	assert_int_equal(up.refused_to, 121);
	assert_memory_equal(&up, &down, sizeof up);
}

/* The index page above all events: none can be read or written, and everything else can. */
static void without_an_index_page_the_rest_goes_on(void **state)
{
	struct world *w = *state;
	overwrite_page(w, (number_in_file(w, "SELECT rootpage FROM sqlite_schema WHERE name = 'event'") - 1) * PAGE);
	struct reading r = read_all(w, w->first, false);
	assert_int_equal(r.n_read, 0);
	assert_int_equal(r.n_refusals, 1);
	assert_int_equal(r.refused_to, EVENTS + 2);
	assert_int_equal(send_text(w->f, w->hurt, w->ann, "{}"), -EBADMSG);
	struct store_room_find find = {.name_key = text_from("last")};
	assert_int_equal(store_fixture_do(w->f, &find.op, STORE_ROOM_FIND), 0);
	store_room_finish(&find.room);
	make_user(w->f, "bob", USER_PERSON);
	assert_verify_says(w, "room 3 (");
}

/* The table of rooms has more than one leaf. What its whole ones name is checked. */
static void a_verification_checks_the_rooms_before_one_that_cannot_be_read(void **state)
{
	struct world *w = *state;
	store_fixture_close(w->f);
	store_fixture_change(
		w->f,
		"WITH RECURSIVE more (no) AS (SELECT 4 UNION ALL SELECT no + 1 FROM more WHERE no < 40)"
		"INSERT INTO room SELECT no, randomblob(16), 1, printf('%0300d', no), NULL, '', 1, 0, 0, 0, NULL, NULL FROM more;"
		"INSERT INTO event SELECT no << 36 | 1, randomblob(16), 0, NULL, 0, 0, NULL, '{}', 0 FROM room WHERE no BETWEEN 4 AND 40;"
		"UPDATE event SET json = replace(json, 'hurt', 'torn') WHERE pk = 2 << 36 | 50");
	assert_true(store_fixture_open(w->f));
	overwrite_page(w, find_text(w, "00000000000000000000000000000000000000000000000000039"));
	assert_verify_says(w, "room 2 (");
	assert_verify_says(w, "seq 50 is damaged");
	assert_verify_says(w, "the check could not go on");
}

/* A large file is not read at the start, so the server starts with what is damaged. */
static void a_large_file_that_is_damaged_while_nobody_has_it_open_serves_the_rest(void **state)
{
	struct world *w = *state;
	store_fixture_close(w->f);
	store_fixture_change(w->f, "CREATE TABLE filler AS SELECT zeroblob(65 << 20)");
	overwrite_page(w, find_text(w, "hurt 000050"));
	assert_true(store_fixture_open(w->f));
	struct reading up = read_all(w, w->hurt, false);
	assert_int_equal(up.n_refusals, 1);
	assert_true(up.refused_from <= 50 && up.refused_to >= 50);
	assert_hurt_alone_is_stopped(w);
}

/* It is copied before it is brought to the newest version, as damaged as it is. */
static void a_large_file_of_an_earlier_version_that_is_damaged_is_migrated_and_serves_the_rest(void **state)
{
	struct world *w = *state;
	char copy[300];
	store_fixture_close(w->f);
	store_fixture_change(w->f, STORE_FIXTURE_VERSION_1_SQL "CREATE TABLE filler AS SELECT zeroblob(65 << 20)");
	overwrite_page(w, find_text(w, "hurt 000050"));
	if (!store_fixture_open(w->f))
		fail_msg("%s", w->f->fault);
	assert_int_equal(read_all(w, w->hurt, false).n_refusals, 1);
	assert_hurt_alone_is_stopped(w);
	snprintf(copy, sizeof copy, "%s/parley.db.before-002", w->f->dir);
	assert_int_equal(access(copy, R_OK), 0);
}

static void what_other_rows_say_is_looked_at(void **state)
{
	struct world *w = *state;
	store_fixture_close(w->f);
	store_fixture_change(w->f, "UPDATE room SET name = CAST(x'ff' AS TEXT), name_key = 'hurt' WHERE no = 2;"
				   "UPDATE account SET kind = 77, name_key = 'ann'");
	assert_true(store_fixture_open(w->f));
	struct store_room_find find = {.name_key = text_from("hurt")};
	assert_int_equal(store_fixture_do(w->f, &find.op, STORE_ROOM_FIND), -EBADMSG);
	assert_null(find.room.name);
	struct store_log_page page = {.room_no = w->hurt};
	assert_int_equal(store_fixture_do(w->f, &page.op, STORE_LOG_PAGE), -EBADMSG);
	assert_int_equal(page.damaged_from, 0);
	struct store_log_page nowhere = {.room_no = 4711};
	assert_int_equal(store_fixture_do(w->f, &nowhere.op, STORE_LOG_PAGE), -EBADMSG);
	struct store_room_page rooms = {.user_no = w->ann, .limit = 10};
	assert_int_equal(store_fixture_do(w->f, &rooms.op, STORE_ROOM_PAGE), -EBADMSG);
	struct store_user_by_name user = {.name_key = text_from("ann")};
	assert_int_equal(store_fixture_do(w->f, &user.op, STORE_USER_BY_NAME), -EBADMSG);
	struct store_sign_in in = {.user_no = w->ann};
	assert_int_equal(store_fixture_do(w->f, &in.op, STORE_SIGN_IN), -EBADMSG);
	struct store_member_page members = {.room_no = w->first, .limit = 10};
	assert_int_equal(store_fixture_do(w->f, &members.op, STORE_MEMBER_PAGE), -EBADMSG);
	store_room_page_finish(&rooms);
	store_member_page_finish(&members);
}

/* A file of an earlier version: its events have no checksum and are taken, unless they are not what the encoder makes of the row. */
static void events_without_a_checksum_are_taken(void **state)
{
	struct world *w = *state;
	store_fixture_close(w->f);
	store_fixture_change(w->f, STORE_FIXTURE_VERSION_1_SQL "ALTER TABLE event DROP COLUMN checksum");
	assert_true(store_fixture_open(w->f));
	assert_int_equal(read_all(w, w->hurt, false).n_read, EVENTS + 2);
	assert_int_equal(send_text(w->f, w->hurt, w->ann, "{\"text\":\"new\"}"), EVENTS + 3);
	assert_int_equal(count_faults(w->f), 0);
	store_fixture_close(w->f);
	const char *const wrongs[] = {
		"UPDATE event SET json = '[' || substr(json, 2) WHERE pk = 2 << 36 | 50",
		"UPDATE event SET json = replace(json, '}}', '}') WHERE pk = 2 << 36 | 50",
		"UPDATE event SET json = replace(json, 'hurt', CAST(x'ff' AS TEXT)) WHERE pk = 2 << 36 | 50",
		"UPDATE event SET json = replace(json, '\"seq\":50', '\"seq\":51') WHERE pk = 2 << 36 | 50",
		"UPDATE event SET json = (SELECT json FROM event WHERE pk = 3 << 36 | 50) WHERE pk = 2 << 36 | 50",
		"UPDATE event SET at_ms = at_ms + 1 WHERE pk = 2 << 36 | 50",
		"UPDATE event SET type = 200 WHERE pk = 2 << 36 | 50",
		"UPDATE event SET id = x'00' WHERE pk = 2 << 36 | 50",
		"UPDATE event SET checksum = 1 WHERE pk = 2 << 36 | 50",
		"UPDATE event SET checksum = NULL WHERE pk = 2 << 36 | 123", /* harmless */
	};
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		char undo[300];
		store_fixture_change(w->f, "CREATE TABLE kept AS SELECT * FROM event WHERE pk = 2 << 36 | 50");
		store_fixture_change(w->f, wrongs[i]);
		assert_true(store_fixture_open(w->f));
		struct reading r = read_all(w, w->hurt, false);
		if (r.n_refusals != (i + 1 < sizeof wrongs / sizeof wrongs[0]))
			fail_msg("%s: refused %d times", wrongs[i], (int)r.n_refusals);
		store_fixture_close(w->f);
		snprintf(undo, sizeof undo, "REPLACE INTO event SELECT * FROM kept; DROP TABLE kept");
		store_fixture_change(w->f, undo);
	}
	assert_true(store_fixture_open(w->f));
	assert_int_equal(count_faults(w->f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_overwritten_leaf_takes_its_events_and_nothing_else, setup, teardown),
		cmocka_unit_test_setup_teardown(each_changed_byte_of_an_event_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_that_moved_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_log_without_its_end_is_refused_to_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(without_an_index_page_the_rest_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(a_verification_checks_the_rooms_before_one_that_cannot_be_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_large_file_that_is_damaged_while_nobody_has_it_open_serves_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(a_large_file_of_an_earlier_version_that_is_damaged_is_migrated_and_serves_the_rest, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_other_rows_say_is_looked_at, setup, teardown),
		cmocka_unit_test_setup_teardown(events_without_a_checksum_are_taken, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
