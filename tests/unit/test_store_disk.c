/*
 * A disk that is full, and one that fails. The full one is a small tmpfs (where that may not be mounted the test fails) and, as the failing
 * one, a preloaded library: this program then runs itself once more, with the name of a scenario.
 */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* Sends until refused, or n times; how many were taken. The text makes the log grow. */
static int send_many(struct store_fixture *f, uint64_t room, uint64_t author, int n, int *refused)
{
	char data[2000];
	memset(data, 'x', sizeof data);
	memcpy(data, "{\"text\":\"", 9);
	memcpy(data + sizeof data - 3, "\"}", 3);
	*refused = 0;
	for (int i = 0; i < n; i++) {
		int64_t seq = send_text(f, room, author, data);
		if (seq < 0) {
			*refused = (int)seq;
			return i;
		}
	}
	return n;
}

static uint64_t last_seq(struct store_fixture *f, uint64_t room)
{
	struct store_room_find find = {.room_no = room};
	assert_int_equal(store_fixture_do(f, &find.op, STORE_ROOM_FIND), 0);
	store_room_finish(&find.room);
	return find.room.last_seq;
}

static void fill_disk(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	char bytes[4096] = {1};
	while (write(fd, bytes, sizeof bytes) > 0)
		;
	close(fd);
}

/* A store's directory on a small disk of its own. Without the right to mount there is no such disk, and the test fails, because it has shown nothing. */
static struct store_fixture *store_on_small_disk(const char *size)
{
	struct store_fixture *f = store_fixture_new("/tmp");
	if (mount("tmpfs", f->dir, "tmpfs", 0, size) == 0)
		return f;
	store_fixture_destroy(f);
	fail_msg("%s", "a small disk for this test could not be mounted: run it as root");
	return NULL;
}

static void a_full_disk_refuses_and_recovers(void **state)
{
	(void)state;
	struct store_fixture *f = store_on_small_disk("size=16m");
	assert_true(store_fixture_open(f));
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	char ballast[300];
	snprintf(ballast, sizeof ballast, "%s/ballast", f->dir);
	int refused, sent = send_many(f, room, ann, 100, &refused);
	assert_int_equal(sent, 100);
	for (int outage = 0; outage < 3; outage++) {
		fill_disk(ballast);
		sent += send_many(f, room, ann, 5000, &refused);
		assert_int_equal(refused, -EAGAIN);
		/* Copying the log now and then makes room for a few more events. A refused event is not stored, and reading goes on. */
		for (int i = 0; i < 20; i++) {
			int64_t seq = send_text(f, room, ann, "{\"text\":\"refused?\"}");
			assert_int_equal(seq, seq < 0 ? -EAGAIN : 3 + sent);
			sent += seq > 0;
			assert_int_equal(last_seq(f, room), 2 + sent);
		}
		unlink(ballast);
		for (int i = 0; i < 300; i++, sent++)
			assert_int_equal(send_text(f, room, ann, "{\"text\":\"again\"}"), 3 + sent);
		assert_int_equal(membership_of(f, room, ann).read_seq, 2 + sent);
	}
	assert_true(f->metrics.commit_failures_total > 0);
	/* A full disk does not keep it from closing, nor what was acknowledged from being there. */
	fill_disk(ballast);
	store_fixture_close(f);
	unlink(ballast);
	assert_true(store_fixture_open(f));
	assert_int_equal(last_seq(f, room), 2 + sent);
	assert_int_equal(count_faults(f), 0);
	store_fixture_close(f);
	assert_int_equal(umount(f->dir), 0);
	store_fixture_destroy(f);
}

static void no_room_to_start(void **state)
{
	(void)state;
	struct store_fixture *f = store_on_small_disk("size=1m");
	char ballast[300];
	snprintf(ballast, sizeof ballast, "%s/ballast", f->dir);
	fill_disk(ballast);
	assert_false(store_fixture_open(f));
	assert_non_null(strstr(f->fault, "full"));
	unlink(ballast);
	assert_true(store_fixture_open(f));
	make_user(f, "ann", USER_PERSON);
	store_fixture_close(f);
	fill_disk(ballast);
	bool opened = store_fixture_open(f); /* may work when nothing needs to be written */
	assert_true(opened || strstr(f->fault, "full"));
	store_fixture_close(f);
	assert_int_equal(umount(f->dir), 0);
	store_fixture_destroy(f);
}

/* ---- with the preloaded library ---- */

static void trigger(const char *fault)
{
	const char *path = getenv("TEST_FAULT_TRIGGER");
	unlink(path);
	if (!fault)
		return;
	char temporary[300];
	snprintf(temporary, sizeof temporary, "%s.new", path);
	int fd = open(temporary, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, fault, strlen(fault)) < 0 || close(fd) != 0 || rename(temporary, path) != 0)
		_exit(50);
}

static void fsync_scenario(struct store_fixture *f, uint64_t room, uint64_t ann)
{
	int refused;
	if (send_many(f, room, ann, 30, &refused) != 30)
		_exit(51);
	trigger("fsync");
	send_text(f, room, ann, "{\"text\":\"lost\"}");
	_exit(52); /* acknowledged or refused: both are wrong */
}

static void full_scenario(struct store_fixture *f, uint64_t room, uint64_t ann)
{
	int refused;
	for (int i = 0; i < 3; i++) {
		if (send_many(f, room, ann, 30, &refused) != 30)
			_exit(54);
		uint64_t before = last_seq(f, room);
		trigger("full");
		if (send_many(f, room, ann, 2, &refused) != 0 || refused != -EAGAIN || last_seq(f, room) != before)
			_exit(55);
		trigger(NULL);
	}
	_exit(send_text(f, room, ann, "{}") == 3 + 90 ? 0 : 56);
}

static int run_scenario(const char *name, const char *dir)
{
	struct store_fixture f = {.loop = loop_new()};
	snprintf(f.dir, sizeof f.dir, "%s", dir);
	if (!store_fixture_open(&f))
		return 57;
	uint64_t ann = make_user(&f, "ann", USER_PERSON), room = make_room(&f, "r", ann);
	if (strcmp(name, "fsync") == 0)
		fsync_scenario(&f, room, ann);
	if (strcmp(name, "full") == 0)
		full_scenario(&f, room, ann);
	return 58;
}

/* Runs this program again with the library; the exit code. */
static int run_preloaded(const char *scenario, const char *dir)
{
	char exe[400], library[500], trigger_path[300];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	assert_true(n > 0);
	exe[n] = '\0';
	snprintf(library, sizeof library, "%.*s/../fault/libfault_disk.so", (int)(strrchr(exe, '/') - exe), exe);
	if (access(library, R_OK) != 0)
		fail_msg("%s is not built", library);
	snprintf(trigger_path, sizeof trigger_path, "%s/trigger", dir);
	pid_t child = fork();
	if (child == 0) {
		setenv("LD_PRELOAD", library, 1);
		setenv("TEST_FAULT_TRIGGER", trigger_path, 1);
		setenv("TEST_FAULT_MATCH", "parley.db", 1);
		setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
		execl(exe, exe, scenario, dir, (char *)NULL);
		_exit(59);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_failed_fsync_ends_the_process(void **state)
{
	(void)state;
	struct store_fixture *f = store_fixture_new("/tmp");
	assert_int_equal(run_preloaded("fsync", f->dir), 3);
	assert_true(store_fixture_open(f));
	uint64_t seq = last_seq(f, 1);
	assert_true(seq == 32 || seq == 33); /* the last one was not acknowledged: it may be there or not */
	assert_int_equal(count_faults(f), 0);
	store_fixture_destroy(f);
}

static void writes_that_find_no_room_are_refused(void **state)
{
	(void)state;
	struct store_fixture *f = store_fixture_new("/tmp");
	assert_int_equal(run_preloaded("full", f->dir), 0);
	assert_true(store_fixture_open(f));
	assert_int_equal(last_seq(f, 1), 93);
	assert_int_equal(count_faults(f), 0);
	store_fixture_destroy(f);
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return run_scenario(argv[1], argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_disk_refuses_and_recovers),
		cmocka_unit_test(no_room_to_start),
		cmocka_unit_test(a_failed_fsync_ends_the_process),
		cmocka_unit_test(writes_that_find_no_room_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
