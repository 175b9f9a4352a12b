#include "cmocka_wrap.h"

#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char line[8192];

/* What log_write puts on standard error meanwhile. */
static int saved;
static int ends[2];

static void catch_begin(void)
{
	assert_int_equal(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
}

static const char *catch_end(void)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	ssize_t n = read(ends[0], line, sizeof(line) - 1);
	close(ends[0]);
	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void a_text_line_has_level_event_and_fields(void **state)
{
	(void)state;
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	catch_begin();
	LOG_WARN("conn.closed", LOG_S("why", "too slow"), LOG_U("n", 18446744073709551615u), LOG_I("code", -5));
	const char *got = catch_end();
	assert_int_equal(got[10], 'T');
	assert_string_equal(got + 23, "Z warn conn.closed why=\"too slow\" n=18446744073709551615 code=-5\n");
}

static void a_json_line_is_one_object(void **state)
{
	(void)state;
	log_setup(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	catch_begin();
	LOG_INFO("listen.ready", LOG_S("address", "[::1]:80"), LOG_U("port", 80));
	const char *got = catch_end();
	assert_memory_equal(got, "{\"timestamp\":\"", 14);
	assert_non_null(strstr(got, "Z\",\"level\":\"info\",\"event\":\"listen.ready\",\"address\":\"[::1]:80\",\"port\":80}\n"));
}

static void below_the_least_level_nothing_is_written(void **state)
{
	(void)state;
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_WARN);
	catch_begin();
	LOG_INFO("x", LOG_U("n", 1));
	LOG_DEBUG("x", LOG_U("n", 1));
	assert_string_equal(catch_end(), "");
}

/* A value that a client chooses starts no line and controls no terminal. */
static void values_are_escaped(void **state)
{
	(void)state;
	log_setup(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	catch_begin();
	LOG_INFO("x", LOG_S("v", "a\"b\\c\nd\x1b[31m\x7f"));
	assert_non_null(strstr(catch_end(), "\"v\":\"a\\\"b\\\\c\\u000ad\\u001b[31m\\u007f\"}\n"));
	catch_begin();
	LOG_INFO("x", LOG_S("v", "\xc3\xa9 \xe2\x80\xae \xff \xc0\xaf \xed\xa0\x80 \xf0\x9f\x98\x80 \xc2\x85 \xe2\x80\x8f \xe2\x82"));
	assert_non_null(strstr(
		catch_end(),
		"\"v\":\"\xc3\xa9 \\u202e \\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd \xf0\x9f\x98\x80 \\u0085 \\u200f \\ufffd\\ufffd\"}\n"));
}

static void long_values_are_cut_at_a_character(void **state)
{
	(void)state;
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	char value[1000];
	for (size_t i = 0; i + 2 < sizeof(value); i += 2)
		memcpy(value + 1 + i, "\xc3\xa9", 2);
	value[0] = 'x';
	value[999] = '\0';
	catch_begin();
	LOG_INFO("x", LOG_S("v", value));
	const char *got = strstr(catch_end(), "v=\"");
	assert_non_null(got);
	assert_int_equal(strlen(got), 3 + 1 + 99 * 2 + 3 + 2);
	assert_string_equal(got + strlen(got) - 5, "\xe2\x80\xa6\"\n");
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
	(void)state;
	log_setup(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	char value[201];
	memset(value, '\1', 200);
	value[200] = '\0';
	catch_begin();
	LOG_INFO("x", LOG_S("a", value), LOG_S("b", value), LOG_S("c", value), LOG_S("d", value), LOG_U("e", 5));
	const char *got = catch_end();
	assert_true(strlen(got) <= 4096);
	assert_non_null(strstr(got, "\"c\":\""));
	assert_null(strstr(got, "\"d\":\""));
	assert_non_null(strstr(got, "\",\"e\":5}\n"));
}

/* More lines than the pipe holds. */
enum { PIPE_PAGES = 16, N_LINES = 1600 };

static void fill_and_overflow(void)
{
	catch_begin();
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, PIPE_PAGES * 4096), PIPE_PAGES * 4096);
	log_open();
	for (unsigned i = 0; i < N_LINES; i++) {
		char value[201];
		memset(value, 'x', sizeof value - 1);
		value[200] = '\0';
		LOG_INFO("x", LOG_U("i", i), LOG_S("v", value));
	}
}

/* All that is there now. */
static char *read_now(char *all, size_t size)
{
	size_t n = 0;
	ssize_t got;
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	while (n < size - 1 && (got = read(ends[0], all + n, size - 1 - n)) > 0)
		n += (size_t)got;
	all[n] = '\0';
	return all;
}

static unsigned count_lines(const char *all, const char *with)
{
	unsigned n = 0;
	for (const char *at = all; (at = strstr(at, with)); at++)
		n++;
	return n;
}

/* A short line may still fit where a long one did not, so that the count comes in parts. */
static unsigned sum_dropped(const char *all)
{
	unsigned sum = 0, n;
	for (const char *at = all; (at = strstr(at, "Z warn log.dropped lines=")); at++)
		if (sscanf(at, "Z warn log.dropped lines=%u ", &n) == 1)
			sum += n;
	return sum;
}

static void a_full_pipe_drops_lines_and_says_how_many_when_there_is_room(void **state)
{
	(void)state;
	static char all[1 << 20];
	_Atomic uint64_t dropped = 0;
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	log_count_dropped(&dropped);
	fill_and_overflow();
	log_flush(); /* still no room */
	read_now(all, sizeof all);
	unsigned n = count_lines(all, " info x i="), lost = N_LINES - n;
	assert_in_range(n, 1, N_LINES - 1);
	assert_int_equal(dropped, lost);
	unsigned said = sum_dropped(all);
	assert_in_range(said, 0, lost - 1);
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_ERROR); /* at any level */
	log_flush();
	assert_non_null(strstr(read_now(all, sizeof all), " reason=\"nobody reads standard error\"\n"));
	assert_int_equal(said + sum_dropped(all), lost);
	log_flush();
	assert_string_equal(read_now(all, sizeof all), ""); /* once */
	LOG_ERROR("y", LOG_U("n", 1));
	assert_non_null(strstr(read_now(all, sizeof all), " error y n=1\n"));
	assert_int_equal(dropped, lost);
	log_count_dropped(NULL);
	catch_end();
}

static void the_count_comes_before_the_next_line(void **state)
{
	(void)state;
	static char all[1 << 20];
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	fill_and_overflow();
	read_now(all, sizeof all);
	LOG_INFO("next", LOG_U("n", 1));
	const char *said = strstr(read_now(all, sizeof all), " warn log.dropped "), *next = strstr(all, " info next ");
	assert_true(said != NULL && next != NULL && said < next);
	catch_end();
}

/* What the parent and its other children share stays as it was. */
static void the_description_that_was_handed_down_stays_blocking(void **state)
{
	(void)state;
	catch_begin();
	log_open();
	assert_false(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
	catch_end();
}

static void a_full_socket_drops_lines_and_stays_blocking(void **state)
{
	(void)state;
	static char all[1 << 20];
	_Atomic uint64_t dropped = 0;
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	log_open();
	log_count_dropped(&dropped);
	unsigned n = 0;
	while (dropped == 0 && n < 100000)
		LOG_INFO("x", LOG_U("i", n++));
	assert_int_equal(dropped, 1);
	assert_false(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK);
	read_now(all, sizeof all);
	assert_int_equal(count_lines(all, " info x i="), n - 1);
	log_flush();
	assert_non_null(strstr(read_now(all, sizeof all), " warn log.dropped lines=1 "));
	log_count_dropped(NULL);
	catch_end();
}

static void a_full_disk_is_the_reason(void **state)
{
	(void)state;
	_Atomic uint64_t dropped = 0;
	int full = open("/dev/full", O_WRONLY);
	assert_true(full >= 0);
	saved = dup(STDERR_FILENO);
	dup2(full, STDERR_FILENO);
	close(full);
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	log_open();
	log_count_dropped(&dropped);
	LOG_INFO("x", LOG_U("n", 1));
	LOG_INFO("x", LOG_U("n", 2));
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log_flush();
	log_count_dropped(NULL);
	assert_int_equal(dropped, 2);
	assert_non_null(strstr(catch_end(), " warn log.dropped lines=2 reason=\"No space left on device\"\n"));
}

static void a_reader_that_is_gone_is_no_end(void **state)
{
	(void)state;
	_Atomic uint64_t dropped = 0;
	signal(SIGPIPE, SIG_IGN);
	catch_begin();
	log_open();
	close(ends[0]);
	log_count_dropped(&dropped);
	LOG_INFO("x", LOG_U("n", 1));
	log_count_dropped(NULL);
	assert_int_equal(dropped, 1);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log_flush(); /* what is not said here would be said in the next test */
	assert_non_null(strstr(catch_end(), "reason=\"Broken pipe\""));
}

static void *read_later(void *arg)
{
	struct timespec pause = {.tv_nsec = 50000000};
	nanosleep(&pause, NULL);
	return read_now(arg, 1 << 20);
}

/* The last test: from then on lines wait. */
static void last_words_wait_for_a_slow_reader(void **state)
{
	(void)state;
	static char all[1 << 20], more[1 << 16];
	pthread_t reader;
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	fill_and_overflow();
	assert_int_equal(pthread_create(&reader, NULL, read_later, all), 0);
	log_say("an end\x1b[31m");
	pthread_join(reader, NULL);
	read_now(more, sizeof more);
	assert_true(strstr(all, "\nparleyd: an end\\u001b[31m\n") != NULL || strstr(more, "parleyd: an end\\u001b[31m\n") != NULL);
	assert_true(strstr(all, " warn log.dropped ") != NULL || strstr(more, " warn log.dropped ") != NULL);
	catch_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_line_has_level_event_and_fields),
		cmocka_unit_test(a_json_line_is_one_object),
		cmocka_unit_test(below_the_least_level_nothing_is_written),
		cmocka_unit_test(values_are_escaped),
		cmocka_unit_test(long_values_are_cut_at_a_character),
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
		cmocka_unit_test(a_full_pipe_drops_lines_and_says_how_many_when_there_is_room),
		cmocka_unit_test(the_count_comes_before_the_next_line),
		cmocka_unit_test(the_description_that_was_handed_down_stays_blocking),
		cmocka_unit_test(a_full_socket_drops_lines_and_stays_blocking),
		cmocka_unit_test(a_full_disk_is_the_reason),
		cmocka_unit_test(a_reader_that_is_gone_is_no_end),
		cmocka_unit_test(last_words_wait_for_a_slow_reader),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
