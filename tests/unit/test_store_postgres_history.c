/* The store on PostgreSQL notices that its database went back to an earlier state. */
#include "cmocka_wrap.h"

#include "base/clock.h"
#include "store_fixture.h"

#include <errno.h>

enum { PATIENCE_MS = 60000 };

static void sql(struct store_fixture *f, const char *text, char *out, size_t n)
{
	postgres_server_sql(store_on_postgres_server(), store_on_postgres_database(f->dir), text, out, n);
}

static void run(const char *command)
{
	assert_int_equal(postgres_server_run(store_on_postgres_server(), command), 0);
}

/* A second server of the same database. It has no file for its mark. */
static void open_beside(struct store_fixture *other, const struct store_fixture *f)
{
	*other = (struct store_fixture){.loop = f->loop};
	memcpy(other->dir, f->dir, sizeof other->dir);
	other->dir[1] = '_'; /* there is no such directory */
	assert_true(store_fixture_open(other));
}

static void count_restored(void *arg)
{
	++*(unsigned *)arg;
}

static void watch(struct store_fixture *f, unsigned *n_restored)
{
	*n_restored = 0;
	f->store->watcher = (struct store_watcher){.restored = count_restored, .arg = n_restored};
}

/* Asks until the store answers again. */
static void wait_until_answers(struct store_fixture *f)
{
	uint64_t until_ms = clock_mono_ms() + PATIENCE_MS;
	struct store_ping ping = {0};
	while (store_fixture_do(f, &ping.op, STORE_PING) != 0) {
		assert_true(clock_mono_ms() < until_ms);
		loop_run_once(f->loop);
		ping = (struct store_ping){0};
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
}

static void begin_another_epoch(struct store_fixture *f)
{
	sql(f, "UPDATE meta SET bytes = 'another' WHERE key = 'ground'", NULL, 0);
	sql(f,
	    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
	    NULL, 0);
}

/* What a server of databases does with the disk. "../../../bin/cp" and the like: programs are named from the server's folder of programs. */
#define TOOL(line) "../../../../../bin/" line

static void take_snapshot(void)
{
	postgres_server_kill(store_on_postgres_server());
	run(TOOL("cp -a data snapshot"));
	postgres_server_start(store_on_postgres_server());
}

static void put_snapshot_back(void)
{
	postgres_server_kill(store_on_postgres_server());
	run(TOOL("rm -rf data"));
	run(TOOL("cp -a snapshot data"));
	run(TOOL("rm -rf snapshot"));
	postgres_server_start(store_on_postgres_server());
}

static void a_disk_that_was_set_back_is_noticed_by_who_stayed_up(void **state)
{
	struct store_fixture *f = *state;
	unsigned n_restored;
	char before[STORE_EPOCH_BYTES + 1];
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "room", ann);
	watch(f, &n_restored);
	memcpy(before, f->store->epoch, sizeof before);
	take_snapshot();
	wait_until_answers(f);
	assert_int_equal(send_text(f, room, ann, "{}"), 3);
	assert_int_equal(n_restored, 0);
	put_snapshot_back();
	wait_until_answers(f);
	assert_int_equal(n_restored, 1);
	assert_string_not_equal(f->store->epoch, before);
	assert_int_equal(send_text(f, room, ann, "{}"), 3);
	postgres_server_kill(store_on_postgres_server());
	postgres_server_start(store_on_postgres_server());
	wait_until_answers(f);
	assert_int_equal(n_restored, 1); /* and it is the same from then on */
	assert_int_equal(send_text(f, room, ann, "{}"), 4);
}

static void a_disk_that_was_set_back_is_noticed_by_a_new_process(void **state)
{
	struct store_fixture *f = *state;
	char before[STORE_EPOCH_BYTES + 1], after[STORE_EPOCH_BYTES + 1];
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "room", ann);
	memcpy(before, f->store->epoch, sizeof before);
	store_fixture_close(f);
	take_snapshot();
	assert_true(store_fixture_open(f));
	assert_string_equal(f->store->epoch, before);
	assert_int_equal(send_text(f, room, ann, "{}"), 3);
	store_fixture_close(f);
	put_snapshot_back();
	assert_true(store_fixture_open(f));
	memcpy(after, f->store->epoch, sizeof after);
	assert_string_not_equal(after, before);
	store_fixture_close(f); /* without a commit */
	assert_true(store_fixture_open(f));
	assert_string_equal(f->store->epoch, after);
}

/* Into the same tables: nothing but the rows tells. */
static void a_dump_that_was_restored_over_its_database_is_noticed(void **state)
{
	struct store_fixture *f = *state;
	char before[STORE_EPOCH_BYTES + 1], command[300];
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "room", ann);
	const char *database = store_on_postgres_database(f->dir);
	memcpy(before, f->store->epoch, sizeof before);
	snprintf(command, sizeof command, "pg_dump -h \"$SOCKET\" -U parley -a -Fc -f dump '%s'", database);
	run(command);
	assert_int_equal(send_text(f, room, ann, "{}"), 3);
	store_fixture_close(f);
	sql(f, "TRUNCATE meta, account, token, room, member, event, client_id, writer", NULL, 0);
	snprintf(command, sizeof command, "pg_restore -h \"$SOCKET\" -U parley -a -d '%s' dump", database);
	run(command);
	assert_true(store_fixture_open(f));
	assert_string_not_equal(f->store->epoch, before);
	assert_int_equal(send_text(f, room, ann, "{}"), 3);
}

static void a_mark_that_cannot_be_true_accuses_nobody(void **state)
{
	struct store_fixture *f = *state;
	char before[STORE_EPOCH_BYTES + 1], path[300];
	make_user(f, "ann", USER_PERSON);
	memcpy(before, f->store->epoch, sizeof before);
	store_fixture_close(f);
	sql(f, "DELETE FROM writer", NULL, 0);
	snprintf(path, sizeof path, "%s/parley.mark", f->dir);
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, 40, SEEK_SET), 0);
	fputc('x', file);
	fclose(file);
	assert_true(store_fixture_open(f));
	assert_string_equal(f->store->epoch, before);
	make_user(f, "bob", USER_PERSON);
	store_fixture_close(f);
	sql(f, "DELETE FROM writer", NULL, 0); /* whole, it accuses */
	assert_true(store_fixture_open(f));
	assert_string_not_equal(f->store->epoch, before);
}

/* As `parley admin copy` leaves it: the epoch is kept, and nobody has a row who writes to it. */
static void a_mark_of_another_database_accuses_nobody(void **state)
{
	struct store_fixture *f = *state, *g = store_fixture_new("/tmp");
	char epoch[40], text[120], before[STORE_EPOCH_BYTES + 1], path[300];
	uint8_t mark[100];
	make_user(f, "ann", USER_PERSON);
	memcpy(before, f->store->epoch, sizeof before);
	sql(f, "SELECT encode(bytes, 'hex') FROM meta WHERE key = 'epoch'", epoch, sizeof epoch);
	assert_true(store_fixture_open(g));
	store_fixture_close(g);
	snprintf(text, sizeof text, "UPDATE meta SET bytes = decode('%s', 'hex') WHERE key = 'epoch'", epoch);
	sql(g, text, NULL, 0);
	snprintf(path, sizeof path, "%s/parley.mark", f->dir);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t n = fread(mark, 1, sizeof mark, file);
	fclose(file);
	snprintf(path, sizeof path, "%s/parley.mark", g->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(mark, 1, n, file), n);
	fclose(file);
	assert_true(store_fixture_open(g));
	assert_string_equal(g->store->epoch, before);
	store_fixture_destroy(g);
}

static void servers_that_notice_it_at_once_begin_one_epoch(void **state)
{
	struct store_fixture *f = *state, other;
	unsigned n_restored, n_restored_other;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "room", ann);
	open_beside(&other, f);
	watch(f, &n_restored);
	watch(&other, &n_restored_other);
	take_snapshot();
	wait_until_answers(f);
	wait_until_answers(&other);
	assert_int_equal(send_text(f, room, ann, "{}"), 3);
	assert_int_equal(send_text(&other, room, ann, "{}"), 4);
	put_snapshot_back();
	struct store_ping pings[2] = {0};
	(void)!store_fixture_submit(f, &pings[0].op, STORE_PING);
	(void)!store_fixture_submit(&other, &pings[1].op, STORE_PING);
	store_fixture_wait(f, &pings[0].op);
	store_fixture_wait(&other, &pings[1].op);
	wait_until_answers(f);
	wait_until_answers(&other);
	assert_int_equal(n_restored, 1);
	assert_int_equal(n_restored_other, 1);
	assert_string_equal(f->store->epoch, other.store->epoch);
	store_fixture_close(&other);
}

/* It knows only rows that others wrote, who are gone. */
static void a_room_that_ends_before_what_was_told_of_it_shows_that_the_database_was_set_back(void **state)
{
	struct store_fixture *f = *state, other;
	unsigned n_restored;
	char before[STORE_EPOCH_BYTES + 1];
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "room", ann);
	send_text(f, room, ann, "{}");
	open_beside(&other, f);
	watch(&other, &n_restored);
	memcpy(before, f->store->epoch, sizeof before);
	struct store_room_top rooms[2] = {{.room_no = room, .last_seq = 3}, {.room_no = room + 1}};
	struct store_room_tops tops = {.rooms = rooms, .n_rooms = 2};
	assert_int_equal(store_fixture_do(&other, &tops.op, STORE_ROOM_TOPS), 0);
	rooms[1].last_seq = 1; /* a room that is missing */
	for (int i = 0; i < 2; i++) {
		unsigned before_this = n_restored;
		assert_int_equal(store_fixture_do(&other, &tops.op, STORE_ROOM_TOPS), -ENOTCONN);
		wait_until_answers(&other);
		assert_int_equal(n_restored, before_this + 1);
		rooms[1].last_seq = 0;
		rooms[0].last_seq = 4;
	}
	rooms[0].last_seq = 3;
	assert_int_equal(store_fixture_do(&other, &tops.op, STORE_ROOM_TOPS), 0);
	assert_string_not_equal(other.store->epoch, before);
	store_fixture_close(&other);
}

static void another_epoch_that_somebody_else_began_is_noticed_by_who_stayed_connected(void **state)
{
	struct store_fixture *f = *state;
	unsigned n_restored;
	uint64_t room = make_room(f, "room", make_user(f, "ann", USER_PERSON));
	watch(f, &n_restored);
	struct store_room_top top = {.room_no = room, .last_seq = 2};
	struct store_room_tops tops = {.rooms = &top, .n_rooms = 1};
	assert_int_equal(store_fixture_do(f, &tops.op, STORE_ROOM_TOPS), 0);
	sql(f, "UPDATE meta SET bytes = decode('0123456789abcdef0123456789abcdef', 'hex') WHERE key = 'epoch'", NULL, 0);
	assert_int_equal(store_fixture_do(f, &tops.op, STORE_ROOM_TOPS), -ENOTCONN);
	wait_until_answers(f);
	assert_int_equal(n_restored, 1);
	assert_int_equal(store_fixture_do(f, &tops.op, STORE_ROOM_TOPS), 0);
}

/* Numbers of rooms are others, and so is what is damaged. */
static void damage_is_forgotten_with_its_history(void **state)
{
	struct store_fixture *f = *state;
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "room", ann);
	sql(f, "UPDATE event SET json = json || ' '", NULL, 0);
	struct store_log_page page = {.room_no = room, .limit = 1, .newest = true};
	assert_int_equal(store_fixture_do(f, &page.op, STORE_LOG_PAGE), -EBADMSG);
	assert_int_equal(send_text(f, room, ann, "{}"), -EBADMSG);
	assert_int_equal(f->metrics.damaged_rooms, 1);
	sql(f, "UPDATE event SET json = rtrim(json)", NULL, 0);
	begin_another_epoch(f);
	wait_until_answers(f); /* a probe says that damage is known */
	assert_int_equal(f->metrics.damaged_rooms, 0);
	assert_int_equal(send_text(f, room, ann, "{}"), 3);
}

static void the_age_of_tokens_is_that_of_the_new_history(void **state)
{
	struct store_fixture *f = *state;
	char n[16];
	make_user(f, "guest", USER_GUEST);
	sql(f, "UPDATE token SET used_day = 1", NULL, 0);
	sql(f, "UPDATE meta SET value = CASE key WHEN 'tokens_asked_day' THEN 1000 ELSE 31 * 86400000::bigint END WHERE key LIKE 'tokens%'",
	    NULL, 0);
	begin_another_epoch(f);
	wait_until_answers(f);
	sql(f, "SELECT count(*) FROM token", n, sizeof n);
	assert_int_equal(atoi(n), 0);
}

/* The state that servers with other libraries left, one after the other. */
static void names_of_other_libraries_are_looked_at_again(void **state)
{
	static const char others[] = "UPDATE account SET skeleton = 'other ' || no; UPDATE room SET skeleton = 'other ' || no;"
				     "UPDATE meta SET bytes = 'other' WHERE key = 'skeletons'";
	struct store_fixture *f = *state, other;
	char found[64];
	make_room(f, "paypal", make_user(f, "ann", USER_PERSON));
	make_user(f, "guest", USER_GUEST);
	sql(f, others, NULL, 0);
	struct store_user_create alike = {.id = fresh_id(), .name = text_from("\u0430nn"), .name_key = text_from("\u0430nn")};
	assert_int_equal(store_fixture_do(f, &alike.op, STORE_USER_CREATE), 0); /* it gets in */
	store_fixture_close(f);
	sql(f, others, NULL, 0);
	assert_true(store_fixture_open(f));
	sql(f, "SELECT string_agg(coalesce(skeleton, '-'), ' ' ORDER BY no) FROM account", found, sizeof found);
	assert_string_equal(found, "ann other 2 -"); /* guests have none that counts */
	sql(f, "SELECT skeleton FROM room", found, sizeof found);
	assert_string_equal(found, "paypal");
	struct store_user_create more = {.id = fresh_id(), .name = text_from("an\u0578"), .name_key = text_from("an\u0578")};
	assert_int_equal(store_fixture_do(f, &more.op, STORE_USER_CREATE), -EEXIST);
	/* A second server looks at them again, and a server that finds its own version does not. */
	sql(f, others, NULL, 0);
	open_beside(&other, f);
	sql(f, "UPDATE account SET skeleton = NULL", NULL, 0);
	store_fixture_close(&other);
	open_beside(&other, f);
	sql(f, "SELECT count(skeleton) FROM account", found, sizeof found);
	assert_string_equal(found, "0");
	store_fixture_close(&other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_fixture_setup, store_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_disk_that_was_set_back_is_noticed_by_who_stayed_up),
		TEST(a_disk_that_was_set_back_is_noticed_by_a_new_process),
		TEST(a_dump_that_was_restored_over_its_database_is_noticed),
		TEST(a_mark_that_cannot_be_true_accuses_nobody),
		TEST(a_mark_of_another_database_accuses_nobody),
		TEST(servers_that_notice_it_at_once_begin_one_epoch),
		TEST(a_room_that_ends_before_what_was_told_of_it_shows_that_the_database_was_set_back),
		TEST(damage_is_forgotten_with_its_history),
		TEST(the_age_of_tokens_is_that_of_the_new_history),
		TEST(names_of_other_libraries_are_looked_at_again),
		TEST(another_epoch_that_somebody_else_began_is_noticed_by_who_stayed_connected),
	};
#undef TEST
	return cmocka_run_group_tests(tests, NULL, NULL);
}
