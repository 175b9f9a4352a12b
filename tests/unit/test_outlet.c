#include "cmocka_wrap.h"

#include "base/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { LINE = 3000 };

/* Lines of one letter each, A to Z and again, until there is no room; how many are out. */
static unsigned fill(struct outlet *o)
{
	char line[LINE];
	int failed = 0;

	for (unsigned n = 0; n < 10000; n++) {
		memset(line, (int)('A' + n % 26), sizeof line - 1);
		line[sizeof line - 1] = '\n';
		failed = outlet_write(o, line, sizeof line);
		if (failed != 0) {
			assert_int_equal(failed, -EAGAIN);
			return n;
		}
	}
	fail_msg("it takes everything");
	return 0;
}

/* Reads all that is there, going on with the rest, and checks that it is n lines, each whole, in order. */
static void expect_lines(struct outlet *o, int fd, unsigned n)
{
	size_t read_bytes = 0, all = (size_t)n * LINE;
	char some[4096];

	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (read_bytes < all) {
		ssize_t got = read(fd, some, sizeof some);
		if (got <= 0) {
			assert_true(o->n_rest > 0);
			(void)outlet_flush(o);
			continue;
		}
		for (ssize_t i = 0; i < got; i++, read_bytes++)
			assert_int_equal(some[i], read_bytes % LINE == LINE - 1 ? '\n' : (int)('A' + read_bytes / LINE % 26));
	}
	assert_int_equal(read_bytes, all);
	assert_int_equal(o->n_rest, 0);
	assert_true(read(fd, some, sizeof some) < 0);
}

static void a_pipe_that_blocks_is_asked_first(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	struct outlet o = {.fd = ends[1]};
	unsigned n = fill(&o);
	assert_true(n > 0);
	assert_false(outlet_wait(&o, 10));
	expect_lines(&o, ends[0], n);
	assert_true(outlet_wait(&o, 0));
	close(ends[0]);
	close(ends[1]);
}

/* A terminal takes a line in part. */
static void a_terminal_gets_whole_lines(void **state)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	struct termios raw;

	(void)state;
	assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	int shown = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	assert_true(shown >= 0 && tcgetattr(shown, &raw) == 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(shown, TCSANOW, &raw), 0);
	int handed_down = dup(shown);
	struct outlet o;
	outlet_init(&o, shown);
	assert_int_equal(o.kind, OUTLET_FREE);
	assert_false(fcntl(handed_down, F_GETFL) & O_NONBLOCK);
	unsigned n = fill(&o);
	assert_true(n > 0 && o.n_rest > 0);
	expect_lines(&o, terminal, n);
	close(handed_down);
	close(shown);
	close(terminal);
}

static void a_file_goes_on_where_it_was(void **state)
{
	char name[] = "/tmp/test_outlet_XXXXXX", text[20] = "";
	int fd = mkstemp(name);
	struct outlet o;

	(void)state;
	assert_true(fd >= 0 && unlink(name) == 0 && write(fd, "before\n", 7) == 7);
	outlet_init(&o, fd);
	assert_int_equal(outlet_write(&o, "after\n", 6), 0);
	assert_int_equal(pread(fd, text, sizeof text - 1, 0), 13);
	assert_string_equal(text, "before\nafter\n");
	close(fd);
}

static void errors_are_told(void **state)
{
	struct outlet o;

	(void)state;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	outlet_init(&o, fd);
	assert_int_equal(outlet_write(&o, "x\n", 2), -EBADF);
	close(fd);
	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	outlet_init(&o, fd);
	assert_int_equal(outlet_write(&o, "x\n", 2), -ENOSPC);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_that_blocks_is_asked_first),
		cmocka_unit_test(a_terminal_gets_whole_lines),
		cmocka_unit_test(a_file_goes_on_where_it_was),
		cmocka_unit_test(errors_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
