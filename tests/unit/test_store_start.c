/* Opening, refusing to open, and backups. */
#include "cmocka_wrap.h"

#include "store/work/store_reader.h"
#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int setup(void **state)
{
	*state = store_fixture_new("/tmp");
	return 0;
}

static int teardown(void **state)
{
	store_fixture_destroy(*state);
	return 0;
}

static char *path_of(struct store_fixture *f, const char *name, char out[300])
{
	snprintf(out, 300, "%s/%s", f->dir, name);
	return out;
}

static struct buf bytes_of(struct store_fixture *f, const char *name)
{
	char path[300];
	struct buf b = BUF_INIT;
	int fd = open(path_of(f, name, path), O_RDONLY);
	ssize_t n;
	while (fd >= 0 && (n = read(fd, buf_reserve(&b, 65536), 65536)) > 0)
		b.len += (size_t)n;
	if (fd >= 0)
		close(fd);
	return b;
}

static void patch(struct store_fixture *f, const char *name, off_t at, const void *bytes, size_t n)
{
	char path[300];
	int fd = open(path_of(f, name, path), O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, at), (ssize_t)n);
	close(fd);
}

/* Some content, and what the store says it is. */
static uint64_t fill(struct store_fixture *f, int n)
{
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "general", ann);
	for (int i = 0; i < n; i++)
		send_text(f, room, ann, "{\"text\":\"something to remember, long enough to take some room in the file\"}");
	return room;
}

static void a_fresh_directory_is_made_private_and_reopens(void **state)
{
	struct store_fixture *f = *state;
	size_t n = strlen(f->dir);
	snprintf(f->dir + n, sizeof f->dir - n, "/a/b");
	assert_true(store_fixture_open(f));
	uint64_t room = fill(f, 10);
	struct stat st;
	char path[300];
	assert_int_equal(stat(f->dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	const char *const files[] = {"parley.db", "parley.db-wal", "parley.db-shm", "parley.lock"};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(stat(path_of(f, files[i], path), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	store_fixture_close(f);
	assert_true(store_fixture_open(f));
	struct store_room_find find = {.room_no = room};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_ROOM_FIND), 0);
	assert_int_equal(find.room.last_seq, 12);
	assert_int_equal(find.room.n_messages, 10);
	store_room_finish(&find.room);
	assert_int_equal(count_faults(f), 0);
	store_fixture_close(f);
	char inner[300];
	for (size_t i = 0; i < 4; i++)
		unlink(path_of(f, files[i], inner));
	rmdir(f->dir);
	f->dir[n + 2] = '\0';
	rmdir(f->dir);
	f->dir[n] = '\0';
}

static void one_directory_one_process(void **state)
{
	struct store_fixture *f = *state;
	assert_true(store_fixture_open(f));
	pid_t child = fork();
	if (child == 0) {
		struct store_fixture second = {.loop = f->loop};
		memcpy(second.dir, f->dir, sizeof second.dir);
		_exit(!store_fixture_open(&second) && strstr(second.fault, "already in use") && strstr(second.fault, f->dir) ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Opening fails with a sentence that names the file and `why`, and neither the file nor its log changes. */
static void assert_refused(struct store_fixture *f, const char *why)
{
	auto_buf db = bytes_of(f, "parley.db"), wal = bytes_of(f, "parley.db-wal");
	assert_false(store_fixture_open(f));
	if (!strstr(f->fault, why))
		fail_msg("\"%s\" does not say \"%s\"", f->fault, why);
	assert_non_null(strstr(f->fault, "parley.db"));
	assert_non_null(strstr(f->fault, "untouched"));
	auto_buf db_after = bytes_of(f, "parley.db"), wal_after = bytes_of(f, "parley.db-wal");
	assert_int_equal(db.len, db_after.len);
	assert_memory_equal(db.data, db_after.data, db.len);
	assert_int_equal(wal.len, wal_after.len);
	if (wal.len > 0)
		assert_memory_equal(wal.data, wal_after.data, wal.len);
}

static void damage_is_refused_and_left_alone(void **state)
{
	struct store_fixture *f = *state;
	assert_true(store_fixture_open(f));
	fill(f, 200);
	store_fixture_close(f);
	auto_buf good = bytes_of(f, "parley.db");
	assert_true(good.len > 20 * 4096);
	uint8_t noise[4096];
	memset(noise, 0xa5, sizeof noise);
	/* A page of the log, the root of a table, the header, and the last page cut off. */
	patch(f, "parley.db", (off_t)good.len - 4096 * 3, noise, 2000);
	assert_refused(f, "damaged");
	patch(f, "parley.db", 0, good.data, good.len);
	patch(f, "parley.db", 4096 * 2, noise, sizeof noise);
	assert_refused(f, "damaged");
	patch(f, "parley.db", 0, good.data, good.len);
	patch(f, "parley.db", 0, noise, 50);
	assert_refused(f, "header");
	patch(f, "parley.db", 0, good.data, good.len);
	char path[300];
	assert_int_equal(truncate(path_of(f, "parley.db", path), (off_t)good.len - 4096 * 5), 0);
	assert_refused(f, "damaged");
	assert_int_equal(truncate(path_of(f, "parley.db", path), 60), 0);
	assert_refused(f, "header");
	patch(f, "parley.db", 0, good.data, good.len);
	assert_true(store_fixture_open(f));
	assert_int_equal(count_faults(f), 0);
}

static void other_versions_and_strangers_are_refused(void **state)
{
	struct store_fixture *f = *state;
	assert_true(store_fixture_open(f));
	fill(f, 5);
	store_fixture_close(f);
	store_fixture_change(f, "PRAGMA user_version = 9999");
	assert_refused(f, "newer version");
	store_fixture_change(f, "PRAGMA user_version = 0");
	assert_refused(f, "different version");
	store_fixture_change(f, "PRAGMA user_version = 3; PRAGMA application_id = 7");
	assert_refused(f, "not a database of parleyd");
	store_fixture_change(
		f,
		"PRAGMA application_id = 1349676153; DELETE FROM event WHERE pk = (SELECT max(pk) FROM event WHERE pk < 134217725 << 36)");
	assert_refused(f, "newest events");
	store_fixture_change(f, "DROP TABLE client_id");
	assert_refused(f, "tables are missing");
}

static void verify_sees_what_is_wrong(void **state)
{
	struct store_fixture *f = *state;
	assert_true(store_fixture_open(f));
	fill(f, 20);
	assert_int_equal(count_faults(f), 0);
	store_fixture_close(f);
	const char *const wrongs[] = {
		"DELETE FROM event WHERE pk & 0xfffffffff = 7",
		"UPDATE event SET n_messages = n_messages + 1 WHERE pk & 0xfffffffff = 9",
		"UPDATE event SET json = replace(json, '\"seq\":11,', '\"seq\":12,') WHERE pk & 0xfffffffff = 11",
		"INSERT INTO member VALUES (77, 1, 0, 2, 0, 2, NULL)",
		"INSERT INTO member VALUES (1, 77, 0, 0, 0, 0, NULL)",
		"UPDATE room SET n_members = 9",
		"INSERT INTO token VALUES (x'00', 77, 0, 0, 0)",
		"INSERT INTO client_id VALUES (1, x'00', 1)",
		"UPDATE member SET read_messages = 3",
	};
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		auto_buf good = bytes_of(f, "parley.db");
		store_fixture_change(f, wrongs[i]);
		assert_true(store_fixture_open(f));
		if (count_faults(f) == 0)
			fail_msg("not seen: %s", wrongs[i]);
		store_fixture_close(f);
		patch(f, "parley.db", 0, good.data, good.len);
	}
}

static void epoch_of(struct store_fixture *f, const char *name, char out[40])
{
	char path[300];
	sqlite3 *db;
	sqlite3_stmt *st;
	assert_int_equal(sqlite3_open_v2(path_of(f, name, path), &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT hex(value) FROM meta WHERE key = 'epoch'", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	snprintf(out, 40, "%s", (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);
}

static void a_backup_opens_as_a_store_of_a_new_epoch(void **state)
{
	struct store_fixture *f = *state;
	assert_true(store_fixture_open(f));
	uint64_t room = fill(f, 50);
	char copy[300], db[300], epoch[40], restored[40];
	struct store_backup op = {.path = text_from(path_of(f, "copy.db", copy))};
	assert_int_equal(store_fixture_do(f, &op.op, STORE_BACKUP), 0);
	assert_int_equal(store_fixture_do(f, &op.op, STORE_BACKUP), -EEXIST);
	assert_true(strlen(op.fault) > 10);
	op.path = text_from("relative.db");
	assert_int_equal(store_fixture_do(f, &op.op, STORE_BACKUP), -EINVAL);
	op.path = text_from("/proc/nowhere/x");
	assert_int_not_equal(store_fixture_do(f, &op.op, STORE_BACKUP), 0);
	send_text(f, room, 1, "{\"text\":\"after the backup\"}");
	/* Beside the log of a server that did not end cleanly, the copy must not be taken. */
	auto_buf wal = bytes_of(f, "parley.db-wal");
	assert_true(wal.len > 0);
	store_fixture_close(f);
	epoch_of(f, "parley.db", epoch);
	assert_int_equal(rename(copy, path_of(f, "parley.db", db)), 0);
	patch(f, "parley.db-wal", 0, wal.data, wal.len);
	assert_refused(f, "another database's log");
	char wal_path[300];
	assert_int_equal(unlink(path_of(f, "parley.db-wal", wal_path)), 0);
	assert_true(store_fixture_open(f));
	struct store_room_find find = {.room_no = room};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_ROOM_FIND), 0);
	assert_int_equal(find.room.last_seq, 52);
	store_room_finish(&find.room);
	assert_int_equal(count_faults(f), 0);
	store_fixture_close(f);
	epoch_of(f, "parley.db", restored);
	assert_string_not_equal(epoch, restored);
	assert_true(store_fixture_open(f));
	store_fixture_close(f);
	epoch_of(f, "parley.db", epoch);
	assert_string_equal(epoch, restored);
}

static void a_database_without_backups_says_what_makes_one(void **state)
{
	(void)state;
	static const struct store_driver_methods without = {.backup_instead = "use the database's own program"};
	struct store_driver driver = {.methods = &without};
	struct store_reader reader = {.driver = &driver};
	struct store_backup op = {.path = text_from("/nowhere/copy.db")};
	assert_int_equal(read_backup(&reader, &op), -ENOTSUP);
	assert_string_equal(op.fault, "use the database's own program");
}

/* What a killed process leaves: the file, its log (NULL: none) and the proof of how far that reached (NULL: of an earlier version). */
static void put_killed(struct store_fixture *f, const struct buf *file, const struct buf *log, const struct buf *reach)
{
	char path[300];
	assert_int_equal(unlink(path_of(f, "parley.db", path)), 0);
	unlink(path_of(f, "parley.reach", path));
	patch(f, "parley.db", 0, file->data, file->len);
	if (log)
		patch(f, "parley.db-wal", 0, log->data, log->len);
	if (reach)
		patch(f, "parley.reach", 0, reach->data, reach->len);
}

/* Gives the epoch that the next start serves. */
static void epoch_after(struct store_fixture *f, const struct buf *file, const struct buf *log, const struct buf *reach,
			char epoch[STORE_EPOCH_BYTES + 1])
{
	put_killed(f, file, log, reach);
	assert_true(store_fixture_open(f));
	assert_int_equal(count_faults(f), 0);
	memcpy(epoch, f->store->epoch, STORE_EPOCH_BYTES + 1);
	store_fixture_close(f);
}

static void a_lost_log_begins_a_new_epoch(void **state)
{
	struct store_fixture *f = *state;
	char epoch[STORE_EPOCH_BYTES + 1], now[STORE_EPOCH_BYTES + 1];
	for (int filled = 0; filled < 2; filled++) { /* right after the start, when nothing was acknowledged, and later */
		assert_true(store_fixture_open(f));
		memcpy(epoch, f->store->epoch, sizeof epoch);
		assert_int_equal(strspn(epoch, "0123456789abcdef"), STORE_EPOCH_BYTES);
		if (filled)
			fill(f, 20);
		auto_buf file = bytes_of(f, "parley.db"), log = bytes_of(f, "parley.db-wal"), reach = bytes_of(f, "parley.reach"),
			 none = BUF_INIT;
		store_fixture_close(f);
		auto_buf closed = bytes_of(f, "parley.db");
		epoch_after(f, &closed, NULL, &reach, now);
		assert_string_equal(now, epoch);
		epoch_after(f, &file, &log, &reach, now);
		assert_string_equal(now, epoch);
		epoch_after(f, &file, &log, NULL, now);
		assert_string_equal(now, epoch);
		epoch_after(f, &file, NULL, &reach, now);
		assert_int_equal(strcmp(now, epoch) != 0, filled);
		epoch_after(f, &file, &none, &reach, now); /* cut to nothing */
		assert_int_equal(strcmp(now, epoch) != 0, filled);
		epoch_after(f, &file, NULL, NULL, now); /* without a proof it may have held something */
		assert_string_not_equal(now, epoch);
		assert_true(store_fixture_open(f)); /* once only */
		assert_string_equal(f->store->epoch, now);
		store_fixture_close(f);
	}
}

/* Opening with so few descriptors that it fails at each step; returns how often it did. */
static unsigned fail_for_want_of_descriptors(struct store_fixture *f)
{
	struct rlimit before, few;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	unsigned n = 0;
	int free_fd = dup(0);
	close(free_fd);
	for (few.rlim_cur = (rlim_t)free_fd;; few.rlim_cur++, n++) {
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		bool opens = store_fixture_open(f);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		if (opens)
			break;
		assert_true(strstr(f->fault, "parley.") != NULL);
	}
	return n;
}

static void a_start_that_fails_leaves_the_log_and_the_epoch(void **state)
{
	struct store_fixture *f = *state;
	char epoch[STORE_EPOCH_BYTES + 1];
	assert_true(store_fixture_open(f));
	uint64_t room = fill(f, 20);
	memcpy(epoch, f->store->epoch, sizeof epoch);
	auto_buf file = bytes_of(f, "parley.db"), log = bytes_of(f, "parley.db-wal");
	store_fixture_close(f);
	put_killed(f, &file, &log, NULL);
	assert_true(fail_for_want_of_descriptors(f) > 5);
	assert_string_equal(f->store->epoch, epoch);
	struct store_room_find find = {.room_no = room};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_ROOM_FIND), 0);
	assert_int_equal(find.room.last_seq, 22);
	store_room_finish(&find.room);
	store_fixture_close(f);
}

static void a_log_without_its_database_is_refused(void **state)
{
	struct store_fixture *f = *state;
	patch(f, "parley.db-wal", 0, "something", 9);
	assert_false(store_fixture_open(f));
	assert_non_null(strstr(f->fault, "is missing but its log"));
	char path[300];
	assert_int_equal(unlink(path_of(f, "parley.db-wal", path)), 0);
	/* What a crash while making the file leaves behind does not matter. */
	patch(f, "parley.db.new", 0, "half", 4);
	assert_true(store_fixture_open(f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_fresh_directory_is_made_private_and_reopens, setup, teardown),
		cmocka_unit_test_setup_teardown(one_directory_one_process, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_refused_and_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(other_versions_and_strangers_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(verify_sees_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lost_log_begins_a_new_epoch, setup, teardown),
		cmocka_unit_test_setup_teardown(a_backup_opens_as_a_store_of_a_new_epoch, setup, teardown),
		cmocka_unit_test(a_database_without_backups_says_what_makes_one),
		cmocka_unit_test_setup_teardown(a_start_that_fails_leaves_the_log_and_the_epoch, setup, teardown),
		cmocka_unit_test_setup_teardown(a_log_without_its_database_is_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
