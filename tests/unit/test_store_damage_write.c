/* Real damage in the file that writes meet: it stops its room, and all other rooms go on. */
#include "store_hurt.h"

#include <sys/wait.h>

/* The leaf where the room's next event goes. */
static void a_write_that_meets_damage_is_refused_alone(void **state)
{
	struct world *w = *state;
	overwrite_page(w, find_text(w, "hurt 000122"));
	assert_int_equal(send_text(w->f, w->hurt, w->ann, "{}"), -EBADMSG);
	assert_hurt_alone_is_stopped(w);
	struct store_append again = {.room_no = w->hurt, .author_no = w->ann, .type = EVENT_MESSAGE_CREATED};
	assert_int_equal(store_fixture_do(w->f, &again.op, STORE_APPEND), -EBADMSG);
	assert_null(again.event);
}

static void splitting_a_leaf_beside_a_damaged_one_harms_only_its_room(void **state)
{
	struct world *w = *state;
	overwrite_page(w, find_text(w, "hurt 000110"));
	char data[1100];
	snprintf(data, sizeof data, "{\"text\":\"%01000d\"}", 7);
	int64_t seq = 0;
	for (int i = 0; i < 50 && seq >= 0; i++)
		seq = send_text(w->f, w->hurt, w->ann, data);
	if (seq < 0) {
		assert_int_equal(seq, -EBADMSG);
		assert_hurt_alone_is_stopped(w);
	}
	assert_int_equal(read_all(w, w->first, false).n_read, EVENTS + 2);
}

/* In one transaction with others, which are done. */
static void a_batch_goes_on_without_what_met_damage(void **state)
{
	struct world *w = *state;
	overwrite_page(w, find_text(w, "last 000122")); /* the table's last leaf: new rooms go there, too */
	enum { N = 30 };
	auto_buf data = json_from("{\"text\":\"x\"}");
	struct store_append *ops = calloc(N, sizeof *ops);
	struct store_room_create room = {.id = fresh_id(),
					 .name = text_from("new"),
					 .name_key = text_from("new"),
					 .owner_no = w->ann,
					 .created_data = json_from("{}"),
					 .joined_data = json_from("{}")};
	for (int i = 0; i < N; i++) {
		ops[i] = (struct store_append){
			.room_no = i % 2 ? w->last : w->first, .author_no = w->ann, .type = EVENT_MESSAGE_CREATED, .data = data};
		assert_int_equal(store_fixture_submit(w->f, &ops[i].op, STORE_APPEND), 0);
		if (i == 10)
			assert_int_equal(store_fixture_submit(w->f, &room.op, STORE_ROOM_CREATE), 0);
	}
	store_fixture_wait(w->f, &ops[N - 1].op);
	uint64_t seq = EVENTS + 3;
	for (int i = 0; i < N; i++) {
		assert_null(ops[i].op.done);
		assert_int_equal(ops[i].op.result, i % 2 ? -EBADMSG : 0);
		if (i % 2 == 0)
			assert_int_equal(ops[i].seq, seq++);
		event_free(ops[i].event);
	}
	assert_int_equal(room.op.result, -EBADMSG);
	assert_null(room.events[0]);
	buf_finish(&room.created_data);
	buf_finish(&room.joined_data);
	free(ops);
	struct store_room_find find = {.name_key = text_from("new")};
	assert_int_equal(store_fixture_do(w->f, &find.op, STORE_ROOM_FIND), -ENOENT);
	struct store_user_create user = {.id = fresh_id(), .name = text_from("bob"), .name_key = text_from("bob")};
	assert_int_equal(store_fixture_do(w->f, &user.op, STORE_USER_CREATE), 0);
}

/* A room whose row does not agree with its log is found out before a seq is given twice or left out. */
static void a_room_whose_row_is_wrong_is_not_written_to(void **state)
{
	struct world *w = *state;
	const char *const wrongs[] = {"UPDATE room SET last_seq = last_seq + 4 WHERE no = 2", "UPDATE room SET last_seq = 50 WHERE no = 2",
				      "UPDATE room SET n_messages = 7 WHERE no = 2"};
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		store_fixture_close(w->f);
		assert_true(store_fixture_open(w->f)); /* it looks at the newest rooms; so the change comes after */
		store_fixture_change(w->f, wrongs[i]);
		assert_int_equal(send_text(w->f, w->hurt, w->ann, "{}"), -EBADMSG);
		store_fixture_change(w->f, "UPDATE room SET last_seq = 122, n_messages = 120 WHERE no = 2");
	}
	assert_int_equal(count_faults(w->f), 0);
	assert_int_equal(send_text(w->f, w->hurt, w->ann, "{}"), EVENTS + 3); /* the verification found nothing: it is forgotten */
	struct store_op ping = {0};
	assert_int_equal(store_fixture_do(w->f, &ping, STORE_PING), 0);
	assert_int_equal(w->f->metrics.damaged_rooms, 0);
}

/* The event that a write is about, when it is not the room's last. */
static void replies_marks_and_repeats_meet_damage(void **state)
{
	struct world *w = *state;
	struct uid client_id = fresh_id();
	auto_buf data = json_from("{\"text\":\"the first one\"}");
	struct store_append op = {.room_no = w->first,
				  .author_no = w->ann,
				  .type = EVENT_MESSAGE_CREATED,
				  .data = data,
				  .has_client_id = true,
				  .client_id = client_id};
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), 0);
	event_free(op.event);
	store_fixture_close(w->f);
	store_fixture_change(w->f, "UPDATE event SET n_messages = n_messages + 1 WHERE pk IN (2 << 36 | 50, 3 << 36 | 50);"
				   "UPDATE event SET json = replace(json, 'first one', 'other one') WHERE pk = 1 << 36 | 123");
	assert_true(store_fixture_open(w->f));
	op.room_no = w->hurt;
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), -EBADMSG);
	assert_false(op.duplicate);
	op.has_client_id = false;
	op.target_seq = 50;
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), -EBADMSG);
	struct store_user_create bob = {.id = fresh_id(), .name = text_from("bob"), .name_key = text_from("bob")};
	assert_int_equal(store_fixture_do(w->f, &bob.op, STORE_USER_CREATE), 0);
	store_fixture_close(w->f);
	store_fixture_change(w->f, "UPDATE member SET read_seq = 10, read_messages = 8");
	assert_true(store_fixture_open(w->f));
	struct store_read_mark mark = {.room_no = w->last, .user_no = w->ann, .seq = 50};
	assert_int_equal(store_fixture_do(w->f, &mark.op, STORE_READ_MARK), -EBADMSG);
}

/* Rows that only one operation is about. */
static void a_damaged_membership_token_or_client_id_is_its_owners_loss(void **state)
{
	struct world *w = *state;
	const struct {
		const char *table;
		int mark, token, send;
	} rows[] = {{"member", -EBADMSG, 0, 0}, {"token", 0, -EBADMSG, 0}, {"client_id", 0, 0, -EBADMSG}};
	auto_buf data = json_from("{\"text\":\"x\"}");
	int64_t last = EVENTS + 2;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char sql[100];
		uint8_t good[PAGE];
		int fd = open_db(w);
		snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", rows[i].table);
		off_t at = (number_in_file(w, sql) - 1) * PAGE;
		assert_int_equal(pread(fd, good, sizeof good, at), PAGE);
		overwrite_page(w, at);
		struct store_read_mark mark = {.room_no = w->hurt, .user_no = w->ann, .seq = 3 + i};
		assert_int_equal(store_fixture_do(w->f, &mark.op, STORE_READ_MARK), rows[i].mark);
		struct store_token_create token = {.user_no = w->ann, .hash = {(uint8_t)i}};
		assert_int_equal(store_fixture_do(w->f, &token.op, STORE_TOKEN_CREATE), rows[i].token);
		struct store_append send = {.room_no = w->hurt,
					    .author_no = w->ann,
					    .type = EVENT_MESSAGE_CREATED,
					    .data = data,
					    .has_client_id = true,
					    .client_id = fresh_id()};
		assert_int_equal(store_fixture_do(w->f, &send.op, STORE_APPEND), rows[i].send);
		event_free(send.event);
		last += rows[i].send == 0 ? 1 : 0;
		assert_int_equal(send_text(w->f, w->hurt, w->ann, "{}"), ++last);
		store_fixture_close(w->f);
		overwrite(w, at, good, sizeof good);
		close(fd);
		assert_true(store_fixture_open(w->f));
	}
}

/* The page of the table's leaf n, from 0, with its root in between. */
static off_t leaf_of(const struct world *w, const char *table, int n)
{
	char sql[100];
	uint8_t page[PAGE];
	int fd = open_db(w);
	snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
	assert_int_equal(pread(fd, page, sizeof page, (number_in_file(w, sql) - 1) * PAGE), PAGE);
	close(fd);
	assert_int_equal(page[0], 2);                                            /* an interior page (SQLite's file format, section 1.6) */
	assert_true(n < (page[3] << 8 | page[4]));                               /* cells */
	const uint8_t *cell = page + (page[12 + 2 * n] << 8 | page[13 + 2 * n]); /* begins with the page of its left child */
	return (off_t)((uint32_t)cell[0] << 24 | (uint32_t)cell[1] << 16 | (uint32_t)cell[2] << 8 | cell[3]) * PAGE - PAGE;
}

/* The room is so long that its marks take more room than those before. So a full leaf has to be shared out among its neighbours, one of which is damaged. */
static void a_mark_that_cannot_be_kept_is_refused(void **state)
{
	struct world *w = *state;
	enum { FIRST = 1000, USERS = 3000, EACH = 5 };
	static const uint64_t SEQ = (uint64_t)1 << 35;
	int n_refused = 0;
	struct store_read_mark *marks = calloc(USERS / EACH, sizeof *marks);
	store_fixture_close(w->f);
	change_file(w, "WITH RECURSIVE user (no) AS (SELECT 1000 UNION ALL SELECT no + 1 FROM user WHERE no < 3999)"
		       "INSERT INTO member SELECT no, 3, 0, 1, 0, 1, NULL FROM user;"
		       "UPDATE event SET pk = (3 << 36) | (1 << 35), n_messages = 1 << 34 WHERE pk = (3 << 36) | 122;"
		       "UPDATE room SET last_seq = 1 << 35, n_messages = 1 << 34 WHERE no = 3");
	assert_true(store_fixture_open(w->f)); /* it looks at all of a small file; so the damage comes after */
	overwrite_page(w, leaf_of(w, "member", 4));
	for (int i = 0; i < USERS / EACH; i++) {
		marks[i] = (struct store_read_mark){.room_no = w->last, .user_no = FIRST + (uint64_t)i * EACH, .seq = SEQ};
		int result = store_fixture_do(w->f, &marks[i].op, STORE_READ_MARK);
		assert_true(result == 0 || result == -EBADMSG);
		if (result != 0) {
			n_refused++;
			assert_int_equal(store_fixture_do(w->f, &marks[i].op, STORE_READ_MARK), -EBADMSG);
		}
	}
	store_fixture_close(w->f);
	assert_true(n_refused > 0 && n_refused < USERS / EACH / 2);
	for (int i = 0; i < USERS / EACH; i++) {
		char sql[100];
		snprintf(sql, sizeof sql, "SELECT read_seq FROM member WHERE user_no = %d AND room_no = 3", FIRST + i * EACH);
		if (marks[i].op.result == 0)
			assert_int_equal(number_in_file(w, sql), SEQ);
	}
	free(marks);
}

/* Old tokens are forgotten, and the use of tokens is noted, beside everything else: here because the server ran for long enough (token_age.h). */
static void damaged_tokens_do_not_hold_up_writes(void **state)
{
	struct world *w = *state;
	store_fixture_close(w->f);
	change_file(w, "INSERT OR REPLACE INTO meta VALUES ('tokens_asked_day', 1), ('tokens_watched_ms', 31 * 86400000)");
	assert_true(store_fixture_open(w->f));
	overwrite_page(w, (number_in_file(w, "SELECT rootpage FROM sqlite_schema WHERE name = 'token'") - 1) * PAGE);
	assert_int_equal(send_text(w->f, w->hurt, w->ann, "{}"), EVENTS + 3);
	assert_int_equal(send_text(w->f, w->hurt, w->ann, "{}"), EVENTS + 4);
	struct store_op ping = {0};
	assert_int_equal(store_fixture_do(w->f, &ping, STORE_PING), -EBADMSG);
	assert_int_equal(w->f->metrics.damaged_rooms, 0);
}

/* Another process does it, and commits something, so that the writer forgets the pages that it has in memory. (Opened and closed in this one, the file
 * would lose the locks that SQLite holds on it: fcntl(2).) */
static void overwrite_page_from_outside(const struct store_fixture *f, off_t at)
{
	static const char script[] =
		"import sqlite3, sys; file = open(sys.argv[1], 'r+b'); file.seek(int(sys.argv[2])); file.write(b'\\xa5' * 4096); file.close(); "
		"db = sqlite3.connect(sys.argv[1]); db.execute('CREATE TABLE passing (a)'); db.execute('DROP TABLE passing'); db.commit()";
	char command[600];
	snprintf(command, sizeof command, "python3 -c \"%s\" %s/parley.db %lld", script, f->dir, (long long)at);
	if (system(command) != 0)
		_exit(2);
}

/* Where others write too the process goes on: what cannot be done is refused. */
static int end_of_process(void)
{
	return getenv("STORE_IS_SHARED") ? 0 : 3;
}

/* In the child; does not come back. */
static void write_over_damage(struct world *w, const char *table)
{
	struct store_fixture f = {.loop = loop_new()};
	char sql[100];
	memcpy(f.dir, w->f->dir, sizeof f.dir);
	if (!store_fixture_open(&f))
		_exit(1);
	snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
	overwrite_page_from_outside(&f, (number_in_file(w, sql) - 1) * PAGE);
	struct store_user_create user = {.id = fresh_id(), .name = text_from("bob"), .name_key = text_from("bob")};
	int made = store_fixture_do(&f, &user.op, STORE_USER_CREATE);
	int64_t sent = send_text(&f, w->hurt, w->ann, "{}");
	_exit(made == -EBADMSG || sent == -EBADMSG ? 0 : 4);
}

static void damage_of_what_all_writing_needs_ends_the_process(void **state)
{
	struct world *w = *state;
	const char *const tables[] = {"account", "room"};
	auto_buf good = BUF_INIT;
	struct stat st;
	store_fixture_close(w->f);
	int fd = open_db(w);
	assert_int_equal(fstat(fd, &st), 0);
	good.len = (size_t)pread(fd, buf_reserve(&good, (size_t)st.st_size), (size_t)st.st_size, 0);
	for (size_t i = 0; i < 2; i++) {
		pid_t child = fork();
		if (child == 0)
			write_over_damage(w, tables[i]);
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), end_of_process());
		char log[300];
		snprintf(log, sizeof log, "%s/parley.db-wal", w->f->dir);
		unlink(log);
		overwrite(w, 0, good.data, good.len);
	}
	close(fd);
	assert_true(store_fixture_open(w->f));
	assert_int_equal(count_faults(w->f), 0);
}

/* In the child; does not come back. What it logs is in the file. */
static void join_room_of_unknown_kind(struct world *w, const char *log_path)
{
	struct store_fixture f = {.loop = loop_new()};
	memcpy(f.dir, w->f->dir, sizeof f.dir);
	if (!freopen(log_path, "w", stderr) || !store_fixture_open(&f))
		_exit(1);
	struct store_join join = {.room_no = w->hurt, .user_no = make_user(&f, "bob", USER_PERSON)};
	_exit(store_fixture_do(&f, &join.op, STORE_JOIN) == -EBADMSG ? 0 : 4);
}

/* SQLite has nothing to say of it. */
static void the_log_says_that_a_row_without_sense_ends_the_process(void **state)
{
	struct world *w = *state;
	char path[300], log[4000];
	int status;
	store_fixture_close(w->f);
	store_fixture_change(w->f, "UPDATE room SET kind = 77 WHERE no = 2");
	snprintf(path, sizeof path, "%s/log", w->f->dir);
	pid_t child = fork();
	if (child == 0)
		join_room_of_unknown_kind(w, path);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), end_of_process());
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	log[fread(log, 1, sizeof log - 1, file)] = '\0';
	fclose(file);
	if (!strstr(log, "a row that cannot be what was written"))
		fail_msg("%s", log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_write_that_meets_damage_is_refused_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(splitting_a_leaf_beside_a_damaged_one_harms_only_its_room, setup, teardown),
		cmocka_unit_test_setup_teardown(a_batch_goes_on_without_what_met_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(a_room_whose_row_is_wrong_is_not_written_to, setup, teardown),
		cmocka_unit_test_setup_teardown(replies_marks_and_repeats_meet_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(a_damaged_membership_token_or_client_id_is_its_owners_loss, setup, teardown),
		cmocka_unit_test_setup_teardown(a_mark_that_cannot_be_kept_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_of_what_all_writing_needs_ends_the_process, setup, teardown),
		cmocka_unit_test_setup_teardown(the_log_says_that_a_row_without_sense_ends_the_process, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_tokens_do_not_hold_up_writes, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
