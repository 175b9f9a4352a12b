/* The server's own log: each operation writes its notices there, in its own transaction, where others write too; and nothing where nobody else writes. */
#include "store_world.h"

#include "store/notices.h"

enum { NOTICES_MAX = 64 };

/* All notices there are; the number of them. */
static size_t notices_after(struct store_fixture *f, uint64_t seq, struct user_notice out[NOTICES_MAX])
{
	struct store_log_page page = {.room_no = SERVER_LOG_ROOM_NO, .after_seq = seq, .limit = NOTICES_MAX};
	assert_int_equal(store_fixture_do(f, &page.op, STORE_LOG_PAGE), 0);
	size_t n = page.n_events;
	for (size_t i = 0; i < n; i++) {
		assert_true(user_notice_of_event(page.events[i], &out[i]));
		assert_int_equal(page.events[i]->seq, seq + 1 + i);
	}
	store_log_page_finish(&page);
	return n;
}

static uint64_t log_end(struct store_fixture *f)
{
	struct store_room_find op = {.room_no = SERVER_LOG_ROOM_NO};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_ROOM_FIND), 0);
	store_room_finish(&op.room);
	return op.room.last_seq;
}

/* The operation is done, and these are its notices, of which the last has the seq that it gives. */
static void assert_told(struct world *w, struct store_op *op, enum store_op_kind kind, const enum user_notice_kind *kinds, size_t n)
{
	struct user_notice notices[NOTICES_MAX];
	uint64_t before = log_end(w->f);
	assert_int_equal(store_fixture_do(w->f, op, kind), 0);
	assert_int_equal(notices_after(w->f, before, notices), n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(notices[i].kind, kinds[i]);
	const struct store_guests_end *ends = list_entry(op, const struct store_guests_end, op);
	const struct store_op *last = kind == STORE_GUESTS_END ? &ends->ended[ends->n_ended - 1].leave.op : op;
	assert_int_equal(last->log_seq, n > 0 ? before + n : 0);
	store_op_finish(op);
}
#define TOLD(op, kind, ...) \
	assert_told(w, op, kind, (const enum user_notice_kind[]){__VA_ARGS__}, \
		    sizeof((const enum user_notice_kind[]){__VA_ARGS__}) / sizeof(enum user_notice_kind))
#define UNTOLD(op, kind) assert_told(w, op, kind, NULL, 0)

static struct store_token_create token_of(uint64_t user_no, uint8_t byte)
{
	struct store_token_create op = {.user_no = user_no, .kind = TOKEN_SESSION};
	memset(op.hash, byte, sizeof op.hash);
	return op;
}

static void each_operation_tells_what_concerns_people(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	uint64_t bob = make_user(w->f, "bob", USER_PERSON);
	struct store_join join = {.room_no = w->room, .user_no = bob};
	TOLD(&join.op, STORE_JOIN, NOTICE_ROOM_ADDED);
	UNTOLD(&join.op, STORE_JOIN); /* he is a member already */
	struct store_append append = message(w, data);
	UNTOLD(&append.op, STORE_APPEND);
	struct store_read_mark mark = {.room_no = w->room, .user_no = bob, .seq = 4};
	TOLD(&mark.op, STORE_READ_MARK, NOTICE_READ_MARKED);
	struct store_room_update update = {.room_no = w->room, .user_no = w->ann, .topic = text_from("t"), .data = data};
	TOLD(&update.op, STORE_ROOM_UPDATE, NOTICE_ROOM_CHANGED);
	struct store_leave leave = {.room_no = w->room, .user_no = w->ann, .data = data};
	TOLD(&leave.op, STORE_LEAVE, NOTICE_ROOM_REMOVED, NOTICE_ROOM_CHANGED); /* bob owns it now */
	struct store_user_set set = {.name_key = text_from("bob"), .password_hash = "x", .make_owner = true};
	TOLD(&set.op, STORE_USER_SET, NOTICE_ROLE_SET, NOTICE_TOKENS_ENDED);
	struct store_token_create token = token_of(bob, 7), alone = token_of(bob, 8);
	UNTOLD(&token.op, STORE_TOKEN_CREATE);
	alone.alone = true;
	TOLD(&alone.op, STORE_TOKEN_CREATE, NOTICE_TOKENS_ENDED);
	struct store_token_delete one = {.everywhere = false}, all = {.everywhere = true};
	memset(one.hash, 8, sizeof one.hash);
	TOLD(&one.op, STORE_TOKEN_DELETE, NOTICE_TOKEN_ENDED);
	assert_int_equal(one.user_no, bob);
	assert_int_equal(store_fixture_do(w->f, &token.op, STORE_TOKEN_CREATE), 0);
	memset(all.hash, 7, sizeof all.hash);
	TOLD(&all.op, STORE_TOKEN_DELETE, NOTICE_TOKEN_ENDED, NOTICE_TOKENS_ENDED);
}

static void guests_that_end_are_told_of_one_by_one(void **state)
{
	struct world *w = *state;
	uint64_t gus = make_user(w->f, "gus", USER_GUEST);
	uint64_t other = make_room(w->f, "other", w->ann), own = make_room(w->f, "own", gus);
	join_room(w->f, other, gus);
	join_room(w->f, own, w->ann);
	store_fixture_forget_tokens(w->f, gus);
	struct store_guests_end op = {.most = 10};
	TOLD(&op.op, STORE_GUESTS_END, NOTICE_ROOM_REMOVED, NOTICE_ROOM_REMOVED, NOTICE_ROOM_CHANGED);
}

static void what_did_not_happen_is_not_told_and_what_goes_again_is_told_once(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	uint64_t before = log_end(w->f), bob = make_user(w->f, "bob", USER_PERSON);
	struct user_notice notices[NOTICES_MAX];
	struct store_leave leave = {.room_no = w->room, .user_no = bob, .data = data};
	assert_int_equal(store_fixture_do(w->f, &leave.op, STORE_LEAVE), -ENOENT);
	assert_int_equal(log_end(w->f), before);
	struct store_join join = {.room_no = w->room, .user_no = bob};
	atomic_store(&w->lost_commits, 5);
	assert_int_equal(store_fixture_do(w->f, &join.op, STORE_JOIN), -ENOTCONN);
	assert_int_equal(log_end(w->f), before);
	atomic_store(&w->lost_commits, 2);
	assert_int_equal(store_fixture_do(w->f, &join.op, STORE_JOIN), 0);
	assert_int_equal(notices_after(w->f, before, notices), 1);
	assert_int_equal(notices[0].user_no, bob);
	assert_int_equal(notices[0].seq, join.event->seq);
	assert_memory_equal(notices[0].room.b, join.event->room.b, sizeof join.event->room.b);
	store_op_finish(&join.op);
}

/* In one batch with messages: each has its place. */
static void notices_of_a_batch_follow_each_other(void **state)
{
	struct world *w = *state;
	auto_buf data = json_from("{}");
	struct store_append sends[2];
	uint64_t people[2] = {make_user(w->f, "bob", USER_PERSON), make_user(w->f, "cy", USER_PERSON)};
	uint64_t rooms[2] = {w->room, make_room(w->f, "other", w->ann)};
	struct store_join joins[2];
	uint64_t before = log_end(w->f), n_before = n_commits(w);
	for (size_t i = 0; i < 2; i++) {
		sends[i] = message(w, data);
		joins[i] = (struct store_join){.room_no = rooms[i], .user_no = people[i]};
		submit(w, &sends[i].op, STORE_APPEND);
		submit(w, &joins[i].op, STORE_JOIN);
	}
	store_fixture_wait(w->f, &joins[1].op);
	assert_int_equal(n_commits(w) - n_before, 1);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(joins[i].op.log_seq, before + 1 + i);
		store_op_finish(&sends[i].op);
		store_op_finish(&joins[i].op);
	}
}

/* Old ones go, the newest one stays; what is gone is no damage, and a page says how far it is gone. */
static void old_notices_are_cleared_away(void **state)
{
	struct world *w = *state;
	enum { MARKS = 300 };
	for (size_t i = 0; i < MARKS; i++) {
		send_text(w->f, w->room, w->ann, "{}");
		struct store_read_mark mark = {.room_no = w->room, .user_no = w->ann, .seq = UINT32_MAX};
		assert_int_equal(store_fixture_do(w->f, &mark.op, STORE_READ_MARK), 0);
		if (i == 200)
			store_fixture_change(w->f, "UPDATE event SET at_ms = at_ms - 90000000 WHERE pk > 134217726 << 36");
	}
	struct store_log_page page = {.room_no = SERVER_LOG_ROOM_NO};
	assert_int_equal(store_fixture_do(w->f, &page.op, STORE_LOG_PAGE), -EBADMSG);
	assert_int_equal(page.damaged_from, 1);
	assert_in_range(page.damaged_to, 201, 210);
	struct user_notice notices[NOTICES_MAX];
	assert_int_equal(notices_after(w->f, log_end(w->f) - 10, notices), 10);
	struct store_op ping = {0};
	assert_int_equal(store_fixture_do(w->f, &ping, STORE_PING), 0); /* no damage is known */
	assert_int_equal(count_faults(w->f), 0);
}

static void a_new_room_has_the_next_number_below_the_log(void **state)
{
	struct world *w = *state;
	assert_int_equal(make_room(w->f, "next", w->ann), w->room + 1);
	assert_int_equal(w->room, 1);
}

static void nothing_is_written_where_nobody_else_writes(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), bob = make_user(f, "bob", USER_PERSON);
	struct store_join join = {.room_no = make_room(f, "r", ann), .user_no = bob};
	assert_int_equal(store_fixture_do(f, &join.op, STORE_JOIN), 0);
	assert_int_equal(join.op.log_seq, 0);
	store_op_finish(&join.op);
	assert_int_equal(log_end(f), 0);
}

static void a_user_is_read_with_his_tokens_when_they_are_asked_for(void **state)
{
	struct world *w = *state;
	struct store_token_create high = token_of(w->ann, 0xf0), low = token_of(w->ann, 0x10),
				  other = token_of(make_user(w->f, "bob", USER_PERSON), 1);
	struct store_sign_in op = {.user_no = w->ann, .with_tokens = true};
	assert_int_equal(store_fixture_do(w->f, &high.op, STORE_TOKEN_CREATE), 0);
	assert_int_equal(store_fixture_do(w->f, &low.op, STORE_TOKEN_CREATE), 0);
	assert_int_equal(store_fixture_do(w->f, &other.op, STORE_TOKEN_CREATE), 0);
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_SIGN_IN), 0);
	assert_int_equal(op.n_token_hashes, 2);
	assert_memory_equal(op.token_hashes[0], low.hash, sizeof low.hash);
	assert_memory_equal(op.token_hashes[1], high.hash, sizeof high.hash);
	store_sign_in_finish(&op);
	op.with_tokens = false;
	assert_int_equal(store_fixture_do(w->f, &op.op, STORE_SIGN_IN), 0);
	assert_int_equal(op.n_token_hashes, 0);
	store_sign_in_finish(&op);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_operation_tells_what_concerns_people, setup, teardown),
		cmocka_unit_test_setup_teardown(guests_that_end_are_told_of_one_by_one, setup, teardown),
		cmocka_unit_test_setup_teardown(what_did_not_happen_is_not_told_and_what_goes_again_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(notices_of_a_batch_follow_each_other, setup, teardown),
		cmocka_unit_test_setup_teardown(old_notices_are_cleared_away, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_room_has_the_next_number_below_the_log, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_written_where_nobody_else_writes, store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(a_user_is_read_with_his_tokens_when_they_are_asked_for, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
