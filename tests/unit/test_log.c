#include "cmocka_wrap.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>
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

static void text_line(void **state)
{
	(void)state;
	log_setup(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	catch_begin();
	LOG_WARN("conn.closed", LOG_S("why", "too slow"), LOG_U("n", 18446744073709551615u), LOG_I("code", -5));
	const char *got = catch_end();
	assert_int_equal(got[10], 'T');
	assert_string_equal(got + 23, "Z warn conn.closed why=\"too slow\" n=18446744073709551615 code=-5\n");
}

static void json_line(void **state)
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

/* Nothing that a client chose may start a line of its own or deceive a terminal. */
static void values_are_escaped(void **state)
{
	(void)state;
	log_setup(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	catch_begin();
	LOG_INFO("x", LOG_S("v", "a\"b\\c\nd\x1b[31m\x7f"));
	assert_non_null(strstr(catch_end(), "\"v\":\"a\\\"b\\\\c\\u000ad\\u001b[31m\\u007f\"}\n"));
	catch_begin();
	LOG_INFO("x", LOG_S("v", "\xc3\xa9 \xe2\x80\xae \xff \xc0\xaf \xed\xa0\x80 \xf0\x9f\x98\x80 \xc2\x85 \xe2\x82"));
	assert_non_null(strstr(
		catch_end(),
		"\"v\":\"\xc3\xa9 \\u202e \\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd \xf0\x9f\x98\x80 \\u0085 \\ufffd\\ufffd\"}\n"));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_line),
		cmocka_unit_test(json_line),
		cmocka_unit_test(below_the_least_level_nothing_is_written),
		cmocka_unit_test(values_are_escaped),
		cmocka_unit_test(long_values_are_cut_at_a_character),
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
