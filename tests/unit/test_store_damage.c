/* Real damage in the file: what is met is refused and named, what is whole goes on, and nothing of it ends the process. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>

enum { PAGE = 4096, EVENTS = 120 };

struct world {
	struct store_fixture *f;
	uint64_t ann, first, hurt, last; /* the rooms: the one in the middle is hurt */
};

/* Texts that can be found in the file. */
static void say(struct world *w, uint64_t room, const char *name, int n)
{
	char data[400];
	for (int i = 0; i < n; i++) {
		snprintf(data, sizeof data, "{\"text\":\"%s %06d %0200d\"}", name, i + 3, 7);
		assert_int_equal(send_text(w->f, room, w->ann, data), i + 3);
	}
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	*state = w;
	w->f = store_fixture_new("/tmp");
	if (!store_fixture_open(w->f))
		return -1;
	w->ann = make_user(w->f, "ann", USER_PERSON);
	w->first = make_room(w->f, "first", w->ann);
	w->hurt = make_room(w->f, "hurt", w->ann);
	w->last = make_room(w->f, "last", w->ann);
	say(w, w->first, "first", EVENTS);
	say(w, w->hurt, "hurt", EVENTS);
	say(w, w->last, "last", EVENTS);
	/* All of it goes into the file, and the readers' caches are empty. */
	store_fixture_close(w->f);
	return store_fixture_open(w->f) ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;
	store_fixture_destroy(w->f);
	free(w);
	return 0;
}

static int open_db(const struct world *w)
{
	char path[300];
	snprintf(path, sizeof path, "%s/parley.db", w->f->dir);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Where the text is in the file; it is there once. */
static off_t find_text(const struct world *w, const char *text)
{
	struct stat st;
	int fd = open_db(w);
	assert_int_equal(fstat(fd, &st), 0);
	char *bytes = malloc((size_t)st.st_size);
	assert_int_equal(pread(fd, bytes, (size_t)st.st_size, 0), st.st_size);
	const char *found = memmem(bytes, (size_t)st.st_size, text, strlen(text));
	assert_non_null(found);
	off_t at = found - bytes;
	assert_null(memmem(found + 1, (size_t)(st.st_size - at - 1), text, strlen(text)));
	free(bytes);
	close(fd);
	return at;
}

static void overwrite(const struct world *w, off_t at, const void *bytes, size_t n)
{
	int fd = open_db(w);
	assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
	close(fd);
}

static void overwrite_page(const struct world *w, off_t at)
{
	uint8_t noise[PAGE];
	memset(noise, 0xa5, sizeof noise);
	overwrite(w, at / PAGE * PAGE, noise, sizeof noise);
}

/* The whole log of a room, page by page, over what cannot be read: how many events were read, and the seqs that were refused. */
struct reading {
	uint64_t n_read, n_refusals, refused_from, refused_to;
};

static struct reading read_all(const struct world *w, uint64_t room, bool newest)
{
	struct reading r = {0};
	uint64_t after = 0, before = EVENTS + 3;
	for (bool more = true; more;) {
		struct store_log_page page = {.room_no = room, .after_seq = after, .before_seq = before, .limit = 20, .newest = newest};
		int result = store_fixture_do(w->f, &page.op, STORE_LOG_PAGE);
		assert_true(result == 0 || result == -EBADMSG);
		uint64_t low = page.damaged_from, high = page.damaged_to;
		if (result == 0) {
			assert_true(page.n_events > 0);
			low = page.events[0]->seq;
			high = page.events[page.n_events - 1]->seq;
			r.n_read += page.n_events;
		} else {
			r.n_refusals++;
			r.refused_from = low;
			r.refused_to = high;
		}
		assert_true(low <= high);
		if (newest)
			assert_int_equal(high, before - 1);
		else
			assert_int_equal(low, after + 1);
		for (size_t i = 0; i < page.n_events; i++) {
			size_t n;
			const char *json = (const char *)event_json(page.events[i], &n);
			json_auto_t *parsed = json_loadb(json, n, 0, NULL);
			assert_int_equal(json_integer_value(json_object_get(parsed, "seq")), page.events[i]->seq);
			assert_int_equal(page.events[i]->seq, low + i);
		}
		after = newest ? after : high;
		before = newest ? low : before;
		more = after + 1 < before;
		store_log_page_finish(&page);
	}
	return r;
}

/* Only the hurt room has stopped: nothing is written to it, all other writes go on; the probe and the counters tell. */
static void assert_hurt_alone_is_stopped(struct world *w)
{
	assert_int_equal(send_text(w->f, w->hurt, w->ann, "{}"), -EBADMSG);
	struct store_read_mark mark = {.room_no = w->hurt, .user_no = w->ann, .seq = 5};
	assert_int_equal(store_fixture_do(w->f, &mark.op, STORE_READ_MARK), -EBADMSG);
	struct store_leave leave = {.room_no = w->hurt, .user_no = w->ann};
	assert_int_equal(store_fixture_do(w->f, &leave.op, STORE_LEAVE), -EBADMSG);
	assert_int_equal(send_text(w->f, w->first, w->ann, "{\"text\":\"on\"}"), EVENTS + 3);
	assert_int_equal(send_text(w->f, w->last, w->ann, "{\"text\":\"on\"}"), EVENTS + 3);
	struct store_op ping = {0};
	assert_int_equal(store_fixture_do(w->f, &ping, STORE_PING), -EBADMSG);
	assert_int_equal(w->f->metrics.damaged_rooms, 1);
	assert_true(w->f->metrics.damaged_reads_total > 0);
}

/* What a verification says, as text; finish it. */
static struct buf verify(struct world *w, uint64_t *n_faults)
{
	struct store_verify op = {0};
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_VERIFY), 0);
	*n_faults = op.n_faults;
	buf_append_byte(&op.faults, '\0');
	return op.faults;
}

static void assert_verify_says(struct world *w, const char *what)
{
	uint64_t n_faults;
	auto_buf faults = verify(w, &n_faults);
	assert_true(n_faults > 0);
	if (!strstr((const char *)faults.data, what))
		fail_msg("\"%s\" is not in\n%s", what, (const char *)faults.data);
}

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

static int64_t number_in_file(const struct world *w, const char *sql)
{
	char path[300];
	sqlite3 *db;
	sqlite3_stmt *st;
	snprintf(path, sizeof path, "%s/parley.db", w->f->dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return number;
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

static void what_other_rows_say_is_looked_at(void **state)
{
	struct world *w = *state;
	store_fixture_close(w->f);
	store_fixture_change(w->f, "UPDATE room SET name = CAST(x'ff' AS TEXT), name_key = 'hurt' WHERE no = 2;"
				   "UPDATE user SET kind = 77, name_key = 'ann'");
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
	op.reply_to = 50;
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), -EBADMSG);
	struct store_user_create bob = {.id = fresh_id(), .name = text_from("bob"), .name_key = text_from("bob")};
	assert_int_equal(store_fixture_do(w->f, &bob.op, STORE_USER_CREATE), 0);
	store_fixture_close(w->f);
	store_fixture_change(w->f, "UPDATE member SET read_seq = 10, read_messages = 8");
	assert_true(store_fixture_open(w->f));
	struct store_read_mark mark = {.room_no = w->last, .user_no = w->ann, .seq = 50};
	assert_int_equal(store_fixture_do(w->f, &mark.op, STORE_READ_MARK), -EBADMSG);
}

/* A file of an earlier version: its events have no checksum and are taken, unless they are not what the encoder makes of the row. */
static void events_without_a_checksum_are_taken(void **state)
{
	struct world *w = *state;
	store_fixture_close(w->f);
	store_fixture_change(w->f, "ALTER TABLE event DROP COLUMN checksum");
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
		cmocka_unit_test_setup_teardown(a_write_that_meets_damage_is_refused_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(splitting_a_leaf_beside_a_damaged_one_harms_only_its_room, setup, teardown),
		cmocka_unit_test_setup_teardown(without_an_index_page_the_rest_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(a_large_file_that_is_damaged_while_nobody_has_it_open_serves_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(a_batch_goes_on_without_what_met_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(what_other_rows_say_is_looked_at, setup, teardown),
		cmocka_unit_test_setup_teardown(a_room_whose_row_is_wrong_is_not_written_to, setup, teardown),
		cmocka_unit_test_setup_teardown(replies_marks_and_repeats_meet_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(events_without_a_checksum_are_taken, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
