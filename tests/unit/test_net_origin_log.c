#include "cmocka_wrap.h"

#include "net/http/origin_log.h"

#include <stdio.h>

enum { START_MS = 5000000 };

static void each_origin_is_logged_once_in_ten_minutes(void **state)
{
	struct origin_log log = {0};
	uint64_t n_left_out = 9;
	(void)state;

	assert_true(origin_log_takes(&log, "https://a.example", START_MS, &n_left_out));
	assert_int_equal(n_left_out, 0);
	assert_true(origin_log_takes(&log, "https://b.example", START_MS, &n_left_out));
	for (int i = 0; i < 5; i++)
		assert_false(origin_log_takes(&log, "https://a.example", START_MS + ORIGIN_LOG_AGAIN_MS - 1, &n_left_out));
	assert_true(origin_log_takes(&log, "https://a.example", START_MS + ORIGIN_LOG_AGAIN_MS, &n_left_out));
	assert_int_equal(n_left_out, 5);
	assert_true(origin_log_takes(&log, "https://b.example", START_MS + ORIGIN_LOG_AGAIN_MS, &n_left_out));
	assert_int_equal(n_left_out, 0);
}

static void made_up_origins_get_a_line_in_ten_seconds(void **state)
{
	struct origin_log log = {0};
	uint64_t n_left_out, n_logged = 0, n_told = 0;
	char origin[40];
	(void)state;

	for (int i = 0; i < 10000; i++) { /* 100 a second */
		(void)snprintf(origin, sizeof origin, "https://%d.example", i);
		if (!origin_log_takes(&log, origin, START_MS + (uint64_t)i * 10, &n_left_out))
			continue;
		n_logged++;
		n_told += n_left_out;
	}
	assert_in_range(n_logged, ORIGIN_LOG_BURST, ORIGIN_LOG_BURST + 10);
	assert_int_equal(n_logged + n_told + log.n_left_out, 10000);
}

static void a_new_origin_takes_the_place_of_the_oldest(void **state)
{
	struct origin_log log = {0};
	uint64_t n_left_out, now_ms = START_MS;
	char origin[40];
	(void)state;

	for (int i = 0; i <= ORIGIN_LOG_KEPT; i++, now_ms += ORIGIN_LOG_LINE_MS) {
		(void)snprintf(origin, sizeof origin, "https://%d.example", i);
		assert_true(origin_log_takes(&log, origin, now_ms, &n_left_out));
	}
	assert_false(origin_log_takes(&log, "https://60.example", now_ms, &n_left_out));
	assert_true(origin_log_takes(&log, "https://0.example", now_ms, &n_left_out)); /* it was forgotten */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_origin_is_logged_once_in_ten_minutes),
		cmocka_unit_test(made_up_origins_get_a_line_in_ten_seconds),
		cmocka_unit_test(a_new_origin_takes_the_place_of_the_oldest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
