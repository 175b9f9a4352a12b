/* Messages that are edited and deleted: who may, what a page of the log says of it, and what a verification finds. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>

struct world {
	struct store_fixture *f;
	uint64_t ann, bob, room;
	uint64_t first; /* ann's message; bob's is behind it */
};

static struct world begin(void **state)
{
	struct world w = {.f = *state};
	w.ann = make_user(w.f, "ann", USER_PERSON);
	w.bob = make_user(w.f, "bob", USER_PERSON);
	w.room = make_room(w.f, "r", w.ann);
	join_room(w.f, w.room, w.bob);
	w.first = (uint64_t)send_text(w.f, w.room, w.ann, "{\"text\":\"one\"}");
	send_text(w.f, w.room, w.bob, "{\"text\":\"two\"}");
	return w;
}

/* The change that an append of a test is; its data is the caller's. */
static struct store_append change_of(const struct world *w, enum event_type type, uint64_t author_no, uint64_t target_seq, struct buf data)
{
	return (struct store_append){.room_no = w->room, .author_no = author_no, .type = type, .target_seq = target_seq, .data = data};
}

/* Its seq, or a negative errno. */
static int64_t change(const struct world *w, struct store_append op)
{
	int result = store_fixture_do(w->f, &op.op, STORE_APPEND);
	event_free(op.event);
	return result == 0 ? (int64_t)op.seq : result;
}

static int64_t edit(const struct world *w, uint64_t author_no, uint64_t target_seq)
{
	auto_buf data = json_from("{\"text\":\"edited\"}");
	return change(w, change_of(w, EVENT_MESSAGE_EDITED, author_no, target_seq, data));
}

static int64_t drop(const struct world *w, uint64_t author_no, uint64_t target_seq, bool rules)
{
	auto_buf data = json_from("{}");
	struct store_append op = change_of(w, EVENT_MESSAGE_DELETED, author_no, target_seq, data);
	op.rules = rules;
	return change(w, op);
}

/* Which event changed the message last, as the page of that message alone says; 0: none. */
static uint64_t changed_by(const struct world *w, uint64_t seq)
{
	struct store_log_page page = {.room_no = w->room, .after_seq = seq - 1, .before_seq = seq + 1, .with_changes = true};
	assert_int_equal(store_fixture_do(w->f, &page.op, STORE_LOG_PAGE), 0);
	assert_int_equal(page.n_events, 1);
	uint64_t by = page.n_changes > 0 ? page.changes[0]->seq : 0;
	if (by)
		assert_int_equal(page.changes[0]->target_seq, seq);
	assert_int_equal(page.n_changes, by != 0);
	store_log_page_finish(&page);
	return by;
}

static void a_page_has_the_newest_change_of_each_message(void **state)
{
	struct world w = begin(state);
	assert_int_equal(changed_by(&w, w.first), 0);
	edit(&w, w.ann, w.first);
	int64_t last = edit(&w, w.ann, w.first);
	assert_int_equal(changed_by(&w, w.first), last);
	assert_int_equal(changed_by(&w, w.first + 1), 0);
	last = drop(&w, w.ann, w.first, false);
	assert_int_equal(changed_by(&w, w.first), last);
	struct store_log_page page = {.room_no = w.room, .after_seq = w.first - 1, .before_seq = w.first + 1};
	assert_int_equal(store_fixture_do(w.f, &page.op, STORE_LOG_PAGE), 0);
	assert_int_equal(page.n_changes, 0); /* who reads on to the end needs none */
	store_log_page_finish(&page);
	assert_int_equal(count_faults(w.f), 0);
}

static void authors_edit_and_who_rules_deletes(void **state)
{
	struct world w = begin(state);
	auto_buf data = json_from("{}");
	assert_int_equal(edit(&w, w.bob, w.first), -EACCES);
	assert_int_equal(drop(&w, w.bob, w.first, false), -EACCES);
	struct store_append ruling = change_of(&w, EVENT_MESSAGE_EDITED, w.ann, w.first + 1, data);
	ruling.rules = true;
	assert_int_equal(change(&w, ruling), -EACCES);
	assert_true(drop(&w, w.ann, w.first + 1, true) > 0);
	assert_true(edit(&w, w.ann, w.first) > 0);
	assert_int_equal(count_faults(w.f), 0);
}

static void only_messages_that_are_there_are_changed(void **state)
{
	struct world w = begin(state);
	int64_t last = edit(&w, w.ann, w.first);
	const uint64_t wrong[] = {1, (uint64_t)last, (uint64_t)last + 1, 1u << 30};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(edit(&w, w.ann, wrong[i]), -ENOENT);
		assert_int_equal(drop(&w, w.ann, wrong[i], true), -ENOENT);
	}
	int64_t gone = drop(&w, w.ann, w.first, false);
	assert_int_equal(gone, last + 1);
	assert_int_equal(edit(&w, w.ann, w.first), -ENOENT);
	assert_int_equal(drop(&w, w.ann, w.first, false), gone);
	assert_int_equal(drop(&w, w.bob, w.first, false), -EACCES);
}

/* All of them look before the first one writes, where the store does so. */
static void what_is_asked_at_once_is_decided_in_order(void **state)
{
	struct world w = begin(state);
	auto_buf data = json_from("{}");
	struct store_append ops[6];
	for (size_t i = 0; i < 6; i++) {
		ops[i] = change_of(&w, i < 3 ? EVENT_MESSAGE_EDITED : EVENT_MESSAGE_DELETED, w.ann, w.first, data);
		ops[i].has_client_id = i < 2;
	}
	struct store_append late = change_of(&w, EVENT_MESSAGE_EDITED, w.ann, w.first, data);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(store_fixture_submit(w.f, &ops[i].op, STORE_APPEND), 0);
	assert_int_equal(store_fixture_submit(w.f, &late.op, STORE_APPEND), 0);
	store_fixture_wait(w.f, &late.op);
	const uint64_t seqs[] = {w.first + 2, w.first + 2, w.first + 3, w.first + 4, w.first + 4, w.first + 4};
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(ops[i].op.result, 0);
		assert_int_equal(ops[i].seq, seqs[i]);
		assert_int_equal(ops[i].duplicate, i == 1 || i > 3);
		store_append_finish(&ops[i]);
	}
	assert_int_equal(late.op.result, -ENOENT);
	assert_int_equal(changed_by(&w, w.first), w.first + 4);
}

/* A page of n messages, each edited by so many bytes. */
static void changes_count_among_the_bytes_of_a_page(void **state)
{
	struct world w = begin(state);
	enum { N = 8, BYTES = 1000 };
	char text[BYTES + 1] = {0};
	memset(text, 'x', BYTES);
	auto_buf data = BUF_INIT;
	buf_appendf(&data, "{\"text\":\"%s\"}", text);
	uint64_t first = 0;
	for (int i = 0; i < N; i++) {
		uint64_t seq = (uint64_t)send_text(w.f, w.room, w.ann, "{}");
		first = first ? first : seq;
	}
	for (uint64_t i = 0; i < N; i++)
		assert_true(change(&w, change_of(&w, EVENT_MESSAGE_EDITED, w.ann, first + i, data)) > 0);
	for (int newest = 0; newest < 2; newest++) {
		struct store_log_page page = {.room_no = w.room,
					      .after_seq = first - 1,
					      .before_seq = first + N,
					      .limit_bytes = 3 * BYTES,
					      .newest = newest,
					      .with_changes = true};
		assert_int_equal(store_fixture_do(w.f, &page.op, STORE_LOG_PAGE), 0);
		assert_true(page.more);
		assert_int_equal(page.n_events, 2);
		assert_int_equal(page.n_changes, 2);
		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(page.events[i]->seq, newest ? first + N - 2 + i : first + i);
			assert_int_equal(page.changes[i]->target_seq, page.events[i]->seq);
		}
		store_log_page_finish(&page);
	}
}

static void what_does_not_agree_with_the_log_is_found_and_not_given(void **state)
{
	static const struct {
		const char *sql;
		uint64_t n_faults;
	} wrongs[] = {
		{"DELETE FROM message_change", 1},
		{"UPDATE message_change SET change_seq = 1", 2},
		{"UPDATE message_change SET change_seq = change_seq - 1 WHERE change_seq = (SELECT min(change_seq) FROM message_change)",
		 1},
		{"UPDATE message_change SET change_seq = (SELECT max(change_seq) FROM message_change)", 1}, /* another message's */
		{"UPDATE message_change SET change_seq = 4096", 1},
	};
	struct world w = begin(state);
	edit(&w, w.ann, w.first);
	uint64_t last = (uint64_t)edit(&w, w.ann, w.first);
	edit(&w, w.bob, w.first + 1);
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		store_fixture_close(w.f);
		store_fixture_change(w.f, "CREATE TABLE kept AS SELECT * FROM message_change");
		store_fixture_change(w.f, wrongs[i].sql);
		assert_true(store_fixture_open(w.f));
		assert_int_equal(count_faults(w.f), wrongs[i].n_faults);
		assert_int_not_equal(changed_by(&w, w.first), last);
		store_fixture_close(w.f);
		store_fixture_change(w.f, "DELETE FROM message_change; INSERT INTO message_change SELECT * FROM kept; DROP TABLE kept");
		assert_true(store_fixture_open(w.f));
		assert_int_equal(changed_by(&w, w.first), last);
		assert_int_equal(count_faults(w.f), 0);
	}
}

static void a_damaged_change_is_left_out_and_known(void **state)
{
	struct world w = begin(state);
	edit(&w, w.bob, w.first + 1);
	edit(&w, w.ann, w.first);
	assert_int_equal(send_text(w.f, w.room, w.ann, "{}"), w.first + 4);
	store_fixture_close(w.f);
	char sql[100];
	snprintf(sql, sizeof sql, "UPDATE event SET at_ms = at_ms + 1 WHERE pk = %llu", (unsigned long long)(w.room << 36 | (w.first + 3)));
	store_fixture_change(w.f, sql);
	assert_true(store_fixture_open(w.f));
	struct store_log_page page = {.room_no = w.room, .after_seq = w.first - 1, .before_seq = w.first + 2, .with_changes = true};
	assert_int_equal(store_fixture_do(w.f, &page.op, STORE_LOG_PAGE), 0);
	assert_int_equal(page.n_events, 2);
	assert_int_equal(page.n_changes, 1);
	assert_int_equal(page.changes[0]->target_seq, w.first + 1);
	store_log_page_finish(&page);
	struct store_op ping = {0};
	assert_int_equal(store_fixture_do(w.f, &ping, STORE_PING), -EBADMSG);
	assert_int_equal(edit(&w, w.ann, w.first), -EBADMSG);
}

static int damaged_teardown(void **state)
{
	store_fixture_destroy(*state);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_page_has_the_newest_change_of_each_message),
		TEST(authors_edit_and_who_rules_deletes),
		TEST(only_messages_that_are_there_are_changed),
		TEST(what_is_asked_at_once_is_decided_in_order),
		TEST(changes_count_among_the_bytes_of_a_page),
		TEST(what_does_not_agree_with_the_log_is_found_and_not_given),
		cmocka_unit_test_setup_teardown(a_damaged_change_is_left_out_and_known, store_fixture_setup, damaged_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
