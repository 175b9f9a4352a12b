/* What was acknowledged is there after the process was killed. */
#include "cmocka_wrap.h"

#include "store_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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

struct acknowledged {
	uint64_t seq;
	struct uid client_id;
};

struct load_op {
	struct store_append op; /* first */
	int pipe_fd;
};

static void tell_parent(struct store_op *op)
{
	struct load_op *l = (struct load_op *)(void *)op;
	struct acknowledged a = {l->op.seq, l->op.client_id};
	if (op->result == 0 && write(l->pipe_fd, &a, sizeof a) != (ssize_t)sizeof a)
		_exit(2);
	event_free(l->op.event);
	l->op.event = NULL;
	op->done = NULL;
}

/* In the child: sends until it is killed, and tells what was acknowledged. */
static void send_for_ever(const char *dir, uint64_t author, uint64_t room, int pipe_fd)
{
	enum { AT_ONCE = 64 };
	struct store_fixture f = {.loop = loop_new()};
	snprintf(f.dir, sizeof f.dir, "%s", dir);
	if (!store_fixture_open(&f))
		_exit(3);
	static struct load_op ops[AT_ONCE];
	struct buf data = json_from("{\"text\":\"x\"}");
	for (;;) {
		for (size_t i = 0; i < AT_ONCE; i++) {
			if (ops[i].op.op.done)
				continue;
			ops[i] = (struct load_op){.op = {.room_no = room,
							 .author_no = author,
							 .type = EVENT_MESSAGE_CREATED,
							 .data = data,
							 .has_client_id = true,
							 .client_id = fresh_id()},
						  .pipe_fd = pipe_fd};
			ops[i].op.op.kind = STORE_APPEND;
			ops[i].op.op.done = tell_parent;
			if (f.store->methods->submit(f.store, &ops[i].op.op) != 0)
				_exit(4);
		}
		loop_run_once(f.loop);
	}
}

/* Reads n of what the child acknowledged: waits for each, a minute at most. */
static void await_acknowledged(int pipe_fd, struct acknowledged *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct pollfd waiting = {.fd = pipe_fd, .events = POLLIN};
		assert_int_equal(poll(&waiting, 1, 60000), 1);
		assert_int_equal(read(pipe_fd, &all[i], sizeof all[i]), (ssize_t)sizeof all[i]);
	}
}

/* The child goes on until it is killed; what it acknowledged meanwhile is read as well. */
static size_t kill_after(pid_t child, int pipe_fd, size_t n_wanted, struct acknowledged *all, size_t n_max)
{
	await_acknowledged(pipe_fd, all, n_wanted);
	size_t n = n_wanted;
	int status;
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	while (n < n_max && read(pipe_fd, &all[n], sizeof all[n]) == (ssize_t)sizeof all[n])
		n++;
	close(pipe_fd);
	return n;
}

static void assert_stored(struct store_fixture *f, uint64_t room, uint64_t author, struct acknowledged a)
{
	auto_buf data = json_from("{}");
	struct store_append again = {.room_no = room,
				     .author_no = author,
				     .type = EVENT_MESSAGE_CREATED,
				     .data = data,
				     .has_client_id = true,
				     .client_id = a.client_id};
	assert_int_equal(store_fixture_do(f, &again.op, STORE_APPEND), 0);
	assert_true(again.duplicate);
	assert_int_equal(again.seq, a.seq);
}

static void what_was_acknowledged_survives_sigkill(void **state)
{
	/* The first acknowledgement, within a batch, between two, and later ones. */
	static const size_t killed_after[] = {1, 20, 64, 100, 150, 300};
	enum { MOST = 2000 };
	struct store_fixture *f = *state;
	assert_true(store_fixture_open(f));
	uint64_t ann = make_user(f, "ann", USER_PERSON), room = make_room(f, "r", ann);
	struct acknowledged *all = calloc(MOST, sizeof *all);
	for (size_t round = 0; round < sizeof killed_after / sizeof killed_after[0]; round++) {
		store_fixture_close(f);
		int fds[2];
		assert_int_equal(pipe(fds), 0);
		assert_true(fcntl(fds[0], F_SETPIPE_SZ, 1 << 20) > 0);
		pid_t child = fork();
		if (child == 0) {
			close(fds[0]);
			send_for_ever(f->dir, ann, room, fds[1]);
		}
		close(fds[1]);
		size_t n = kill_after(child, fds[0], killed_after[round], all, MOST);
		assert_true(store_fixture_open(f));
		for (size_t i = 0; i < n; i++)
			assert_stored(f, room, ann, all[i]);
		assert_int_equal(count_faults(f), 0);
	}
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_acknowledged_survives_sigkill, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
