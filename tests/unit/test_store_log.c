/* Appending and paging: the heart of the log. */
#include "cmocka_wrap.h"

#include "base/clock.h"
#include "store_fixture.h"

#include <errno.h>
#include <jansson.h>
#include <sys/stat.h>

struct world {
	struct store_fixture *f;
	uint64_t ann, bob, room;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	*state = w;
	w->f = store_fixture_new("/tmp");
	if (!store_fixture_open(w->f))
		return -1;
	w->ann = make_user(w->f, "ann", USER_PERSON);
	w->bob = make_user(w->f, "bob", USER_PERSON);
	w->room = make_room(w->f, "general", w->ann);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	uint64_t faults = count_faults(w->f);
	store_fixture_destroy(w->f);
	free(w);
	return faults == 0 ? 0 : -1;
}

static struct store_append message(const struct world *w, struct buf data)
{
	return (struct store_append){.room_no = w->room, .author_no = w->ann, .type = EVENT_MESSAGE_CREATED, .data = data};
}

static void an_event_is_what_was_stored(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{\"text\":\"hi \\u00e4 \xc3\xa4\"}");
	struct store_append op = message(w, data);
	int64_t before_ms = clock_wall_ms();
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), 0);
	assert_false(op.duplicate);
	assert_int_equal(op.seq, 3);
	assert_int_equal(op.event->seq, 3);
	assert_int_equal(op.event->n_messages, 1);
	assert_true(uid_equal(&op.event->id, &op.id));
	assert_true(uid_equal(&op.event->room, &op.room_of_first));
	assert_true(op.timestamp_ms >= before_ms && op.timestamp_ms <= clock_wall_ms());
	size_t n;
	const char *json = (const char *)event_json(op.event, &n);
	json_auto_t *parsed = json_loadb(json, n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(parsed);
	assert_string_equal(json_string_value(json_object_get(parsed, "type")), "message.created");
	assert_int_equal(json_integer_value(json_object_get(parsed, "seq")), 3);
	char id[UID_TEXT_BYTES + 1];
	uid_format(&op.id, id);
	assert_string_equal(json_string_value(json_object_get(parsed, "id")), id);
	assert_int_equal(id[14], '4'); /* RFC 9562: version 4 */
	assert_non_null(strchr("89ab", id[19]));

	struct store_log_page page = {.room_no = w->room, .after_seq = 2};
	assert_int_equal(store_fixture_do(w->f, &page.op, STORE_LOG_PAGE), 0);
	assert_int_equal(page.n_events, 1);
	const struct event *e = page.events[0];
	assert_int_equal(e->frame_bytes, op.event->frame_bytes);
	assert_memory_equal(e->frame, op.event->frame, e->frame_bytes);
	assert_int_equal(e->type, EVENT_MESSAGE_CREATED);
	assert_int_equal(e->timestamp_ms, op.timestamp_ms);
	assert_int_equal(e->n_messages, 1);
	assert_true(uid_equal(&e->id, &op.id));
	assert_true(uid_equal(&e->room, &op.event->room));
	store_log_page_finish(&page);
	event_free(op.event);
}

static void a_repeated_client_id_answers_with_the_first(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	struct store_append first = message(w, data);
	first.has_client_id = true;
	first.client_id = fresh_id();
	assert_int_equal(store_fixture_do(w->f, &first.op, STORE_APPEND), 0);
	event_free(first.event);
	/* Alone, in another room, and after the store was closed. */
	uint64_t other_room = make_room(w->f, "other", w->ann);
	for (int i = 0; i < 3; i++) {
		struct store_append again = message(w, data);
		again.has_client_id = true;
		again.client_id = first.client_id;
		if (i == 1)
			again.room_no = other_room;
		assert_int_equal(store_fixture_do(w->f, &again.op, STORE_APPEND), 0);
		assert_true(again.duplicate);
		assert_null(again.event);
		assert_int_equal(again.seq, first.seq);
		assert_true(uid_equal(&again.id, &first.id));
		assert_true(uid_equal(&again.room_of_first, &first.room_of_first));
		assert_int_equal(again.timestamp_ms, first.timestamp_ms);
		store_fixture_close(w->f);
		assert_true(store_fixture_open(w->f));
	}
	struct store_append by_bob = message(w, data);
	by_bob.author_no = w->bob;
	by_bob.has_client_id = true;
	by_bob.client_id = first.client_id;
	assert_int_equal(store_fixture_do(w->f, &by_bob.op, STORE_APPEND), 0);
	assert_false(by_bob.duplicate);
	event_free(by_bob.event);
	assert_int_equal(w->f->metrics.duplicates_total, 3);
}

static void replies_name_a_message_of_the_room(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	const struct {
		uint64_t reply_to;
		int result;
	} rows[] = {{1, -ENOENT}, {3, -ENOENT}, {UINT64_MAX, -ENOENT}, {(uint64_t)1 << 36, -ENOENT}, {0, 0}, {3, 0}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct store_append op = message(w, data);
		op.target_seq = rows[i].reply_to;
		assert_int_equal(store_fixture_do(w->f, &op.op, STORE_APPEND), rows[i].result);
		event_free(op.event);
	}
	struct store_append nowhere = message(w, data);
	nowhere.room_no = 4711;
	assert_int_equal(store_fixture_do(w->f, &nowhere.op, STORE_APPEND), -ENOENT);
	nowhere.room_no = 0;
	assert_int_equal(store_fixture_do(w->f, &nowhere.op, STORE_APPEND), -ENOENT);
}

enum { MANY = 2500 };

/* Everything is under way at once: good ones, repeated ones and impossible ones share transactions. */
static void a_refusal_does_not_hurt_its_batch(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{\"text\":\"x\"}");
	struct store_append *ops = calloc(MANY, sizeof *ops);
	struct uid ids[5];
	for (size_t i = 0; i < 5; i++)
		ids[i] = fresh_id();
	for (size_t i = 0; i < MANY; i++) {
		ops[i] = message(w, data);
		ops[i].target_seq = i % 5 == 1 ? 1 : 0;
		ops[i].room_no = i % 5 == 2 ? 4711 : w->room;
		ops[i].has_client_id = i % 5 == 3;
		ops[i].client_id = ids[i / 5 % 5];
		assert_int_equal(store_fixture_submit(w->f, &ops[i].op, STORE_APPEND), 0);
	}
	for (size_t i = 0; i < MANY; i++)
		store_fixture_wait(w->f, &ops[i].op);
	uint64_t seq = 3, n_duplicates = 0;
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(ops[i].op.result, i % 5 == 1 || i % 5 == 2 ? -ENOENT : 0);
		assert_int_equal(ops[i].duplicate, i % 5 == 3 && i >= 25);
		n_duplicates += ops[i].duplicate ? 1 : 0;
		if (ops[i].event)
			assert_int_equal(ops[i].event->seq, seq++); /* in the order of submission */
		event_free(ops[i].event);
	}
	assert_int_equal(n_duplicates, MANY / 5 - 5);
	assert_int_equal(seq - 3, MANY / 5 * 2 + 5);
	assert_true(w->f->metrics.commits_total < MANY / 2);
	assert_int_equal(w->f->metrics.store_waiting, 0);
	free(ops);
}

/* done() may be asked for in any order of rooms, beyond what the room cache holds. */
static void more_rooms_than_are_kept_in_memory(void **state)
{
	struct world *w = *state;
	enum { ROOMS = 5000 };
	auto_buf data = json_from("{}");
	struct store_room_create *rooms = calloc(ROOMS, sizeof *rooms);
	char(*names)[20] = calloc(ROOMS, sizeof *names);
	for (size_t i = 0; i < ROOMS; i++) {
		snprintf(names[i], sizeof names[i], "r%zu", i);
		rooms[i] = (struct store_room_create){.id = fresh_id(),
						      .name = text_from(names[i]),
						      .name_key = text_from(names[i]),
						      .owner_no = w->ann,
						      .created_data = data,
						      .joined_data = data};
		assert_int_equal(store_fixture_submit(w->f, &rooms[i].op, STORE_ROOM_CREATE), 0);
	}
	struct store_append *ops = calloc(ROOMS, sizeof *ops);
	for (size_t i = 0; i < ROOMS; i++)
		store_fixture_wait(w->f, &rooms[i].op);
	for (size_t i = 0; i < ROOMS; i++) {
		ops[i] = message(w, data);
		ops[i].room_no = rooms[i * 7 % ROOMS].membership.room.no;
		assert_int_equal(store_fixture_submit(w->f, &ops[i].op, STORE_APPEND), 0);
	}
	for (size_t i = 0; i < ROOMS; i++) {
		store_fixture_wait(w->f, &ops[i].op);
		assert_int_equal(ops[i].seq, 3);
		event_free(ops[i].event);
		store_room_finish(&rooms[i].membership.room);
		event_free(rooms[i].events[0]);
		event_free(rooms[i].events[1]);
	}
	free(names);
	free(rooms);
	free(ops);
}

/* Asks for a page and gives "first-last" with a + for more, "" when it is empty. */
static const char *page_of(struct world *w, uint64_t after, uint64_t before, uint64_t limit, uint64_t limit_bytes, bool newest,
			   char out[60])
{
	struct store_log_page page = {
		.room_no = w->room, .after_seq = after, .before_seq = before, .limit = limit, .limit_bytes = limit_bytes, .newest = newest};
	assert_int_equal(store_fixture_do(w->f, &page.op, STORE_LOG_PAGE), 0);
	out[0] = '\0';
	for (size_t i = 1; i < page.n_events; i++)
		assert_int_equal(page.events[i]->seq, page.events[i - 1]->seq + 1);
	if (page.n_events > 0)
		snprintf(out, 60, "%d-%d%s", (int)page.events[0]->seq, (int)page.events[page.n_events - 1]->seq, page.more ? "+" : "");
	store_log_page_finish(&page);
	return out;
}

static void pages_up_and_down(void **state)
{
	struct world *w = *state;
	char s[60];
	auto_buf data = BUF_INIT;
	buf_append_str(&data, "{\"text\":\"");
	for (int i = 0; i < 800; i++)
		buf_append_byte(&data, 'x');
	buf_append_str(&data, "\"}");
	buf_append_byte(&data, '\0');
	for (int i = 3; i <= 20; i++)
		assert_int_equal(send_text(w->f, w->room, w->ann, (const char *)data.data), i);
	uint64_t neighbour = make_room(w->f, "neighbour", w->ann);
	send_text(w->f, neighbour, w->ann, "{}");
	const struct {
		uint64_t after, before, limit, limit_bytes;
		bool newest;
		const char *expected;
	} rows[] = {
		{0, 0, 0, 0, false, "1-20"},    {0, 0, 20, 0, true, "1-20"},       {0, 0, 5, 0, false, "1-5+"},
		{0, 0, 5, 0, true, "16-20+"},   {7, 12, 10, 0, false, "8-11"},     {7, 12, 2, 0, false, "8-9+"},
		{7, 12, 2, 0, true, "10-11+"},  {0, 4, 10, 0, true, "1-3"},        {19, 0, 10, 0, false, "20-20"},
		{20, 0, 10, 0, false, ""},      {UINT64_MAX, 0, 10, 0, false, ""}, {0, UINT64_MAX, 2, 0, true, "19-20+"},
		{0, 1, 10, 0, true, ""},        {2, 0, 100, 2500, false, "3-4+"},  {2, 0, 100, 1, false, "3-3+"},
		{0, 0, 100, 1, true, "20-20+"}, {19, 0, 100, 1, false, "20-20"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_string_equal(page_of(w, rows[i].after, rows[i].before, rows[i].limit, rows[i].limit_bytes, rows[i].newest, s),
				    rows[i].expected);
}

static void a_ping_commits(void **state)
{
	struct world *w = *state;
	uint64_t commits = w->f->metrics.commits_total;
	struct store_op ping = {0};
	assert_int_equal(store_fixture_do(w->f, &ping, STORE_PING), 0);
	assert_int_equal(w->f->metrics.commits_total, commits + 1);
}

static void what_waits_is_finished_at_the_end(void **state)
{
	struct world *w = *state;
	enum { N = 600 };
	auto_buf data = json_from("{}");
	struct store_append *ops = calloc(N, sizeof *ops);
	struct store_log_page reads[20] = {0};
	for (size_t i = 0; i < N; i++) {
		ops[i] = message(w, data);
		assert_int_equal(store_fixture_submit(w->f, &ops[i].op, STORE_APPEND), 0);
	}
	for (size_t i = 0; i < 20; i++) {
		reads[i].room_no = w->room;
		assert_int_equal(store_fixture_submit(w->f, &reads[i].op, STORE_LOG_PAGE), 0);
	}
	w->f->store->methods->destroy(w->f->store);
	loop_run_once(w->f->loop);
	for (size_t i = 0; i < N; i++) {
		assert_null(ops[i].op.done);
		assert_int_equal(ops[i].seq, 3 + i);
		event_free(ops[i].event);
	}
	for (size_t i = 0; i < 20; i++) {
		assert_null(reads[i].op.done);
		assert_true(reads[i].n_events >= 2);
		store_log_page_finish(&reads[i]);
	}
	free(ops);
	char path[300];
	snprintf(path, sizeof path, "%s/parley.db-wal", w->f->dir);
	assert_int_not_equal(access(path, F_OK), 0); /* closed cleanly: the log is empty and gone */
	assert_true(store_fixture_open(w->f));
}

static void a_full_queue_is_busy(void **state)
{
	struct world *w = *state;
	store_fixture_close(w->f);
	w->f->queue_max = 10;
	assert_true(store_fixture_open(w->f));
	enum { N = 2000 };
	auto_buf data = json_from("{}");
	struct store_append *ops = calloc(N, sizeof *ops);
	size_t n_taken = 0;
	int result = 0;
	while (n_taken < N && result == 0) {
		ops[n_taken] = message(w, data);
		result = store_fixture_submit(w->f, &ops[n_taken].op, STORE_APPEND);
		n_taken += result == 0 ? 1 : 0;
	}
	assert_int_equal(result, -EBUSY);
	for (size_t i = 0; i < n_taken; i++) {
		store_fixture_wait(w->f, &ops[i].op);
		event_free(ops[i].event);
	}
	assert_int_equal(send_text(w->f, w->room, w->ann, "{}"), (int64_t)n_taken + 3);
	free(ops);
}

static void send_at_once(struct world *w, struct store_append *ops, size_t n, struct buf data)
{
	for (size_t i = 0; i < n; i++) {
		ops[i] = message(w, data);
		assert_int_equal(store_fixture_submit(w->f, &ops[i].op, STORE_APPEND), 0);
	}
	for (size_t i = 0; i < n; i++) {
		store_fixture_wait(w->f, &ops[i].op);
		assert_int_equal(ops[i].op.result, 0);
		event_free(ops[i].event);
	}
}

/* Long enough a log to be copied into the database several times, while somebody reads all of it. */
static void backups_and_checks_run_while_messages_come(void **state)
{
	struct world *w = *state;
	enum { ROUNDS = 12, AT_ONCE = 500 };
	auto_buf data = BUF_INIT;
	buf_append_str(&data, "{\"text\":\"");
	for (int i = 0; i < 7000; i++)
		buf_append_byte(&data, 'x');
	buf_append_str(&data, "\"}");
	char path[300], wal[300];
	snprintf(path, sizeof path, "%s/copy.db", w->f->dir);
	snprintf(wal, sizeof wal, "%s/parley.db-wal", w->f->dir);
	struct store_append *ops = calloc(AT_ONCE, sizeof *ops);
	struct store_backup backup = {.path = text_from(path)};
	struct store_verify verify = {0};
	struct stat st;
	for (int round = 0; round < ROUNDS; round++) {
		if (round == 3) {
			assert_int_equal(store_fixture_submit(w->f, &backup.op, STORE_BACKUP), 0);
			assert_int_equal(store_fixture_submit(w->f, &verify.op, STORE_VERIFY), 0);
		}
		send_at_once(w, ops, AT_ONCE, data);
	}
	store_fixture_wait(w->f, &backup.op);
	store_fixture_wait(w->f, &verify.op);
	assert_int_equal(backup.op.result, 0);
	assert_int_equal(verify.n_faults, 0);
	assert_true(verify.n_events >= 3 * AT_ONCE);
	buf_finish(&verify.faults);
	/* The reading that held the log open is over: once the log is copied, it starts again with the next commit and is cut. A minute at most. */
	for (int looks = 0; stat(wal, &st) == 0 && st.st_size > 20 << 20 && looks < 6000; looks++) {
		send_at_once(w, ops, 1, data);
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	assert_in_range(st.st_size, 1, 20 << 20);
	free(ops);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_event_is_what_was_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(a_repeated_client_id_answers_with_the_first, setup, teardown),
		cmocka_unit_test_setup_teardown(replies_name_a_message_of_the_room, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refusal_does_not_hurt_its_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(more_rooms_than_are_kept_in_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(pages_up_and_down, setup, teardown),
		cmocka_unit_test_setup_teardown(a_ping_commits, setup, teardown),
		cmocka_unit_test_setup_teardown(what_waits_is_finished_at_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_queue_is_busy, setup, teardown),
#ifndef STORE_ON_POSTGRES /* of the file, or of tables as they were before PostgreSQL */
		cmocka_unit_test_setup_teardown(backups_and_checks_run_while_messages_come, setup, teardown),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
