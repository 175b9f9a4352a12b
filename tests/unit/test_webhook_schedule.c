#include "cmocka_wrap.h"

#include "webhook/webhook_schedule.h"

#include <string.h>

static const int64_t now_ms = INT64_C(1445412420000); /* Wed, 21 Oct 2015 07:27:00 GMT */

static const struct webhook_schedule usual = {WEBHOOK_ATTEMPTS_MAX, WEBHOOK_RETRY_MS};

static struct webhook_next next_of(unsigned status, const char *retry_after, unsigned attempt, uint32_t random)
{
	struct webhook_outcome o = {
		.end = status ? WEBHOOK_ANSWERED : WEBHOOK_TIMED_OUT, .status = status, .retry_after = retry_after, .reply = ""};
	return webhook_next_of(&usual, &o, attempt, now_ms, random);
}

static void success_is_2xx_alone(void **state)
{
	(void)state;
	static const unsigned good[] = {200, 201, 204, 299}, bad[] = {0, 300, 301, 304, 307, 400, 404, 429, 500, 503, 999};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(next_of(good[i], "", WEBHOOK_ATTEMPTS_MAX, 0).step, WEBHOOK_DELIVERED);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(next_of(bad[i], "", 1, 0).step, WEBHOOK_RETRY);
	assert_int_equal(next_of(410, "", 1, 0).step, WEBHOOK_DISABLE);
	struct webhook_outcome cancelled = {.end = WEBHOOK_CANCELLED, .retry_after = "", .reply = ""};
	assert_int_equal(webhook_next_of(&usual, &cancelled, WEBHOOK_ATTEMPTS_MAX, now_ms, 0).step, WEBHOOK_AGAIN);
}

static void pauses_grow_and_end_after_ten_attempts(void **state)
{
	(void)state;
	static const uint64_t pauses_s[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
	for (unsigned attempt = 1; attempt <= 9; attempt++) {
		uint64_t usual_ms = pauses_s[attempt - 1] * 1000;
		assert_int_equal(next_of(500, "", attempt, 0).after_ms, usual_ms / 10 * 8);
		assert_int_equal(next_of(500, "", attempt, 200).after_ms, usual_ms);
		assert_int_equal(next_of(500, "", attempt, 400).after_ms, usual_ms / 10 * 12);
		for (uint32_t random = 1; random; random *= 3) {
			uint64_t ms = next_of(0, "", attempt, random).after_ms;
			assert_in_range(ms, usual_ms / 10 * 8, usual_ms / 10 * 12);
			if (random > UINT32_MAX / 3)
				break;
		}
	}
	assert_int_equal(next_of(500, "1", 10, 0).step, WEBHOOK_GIVEN_UP);
	assert_int_equal(next_of(410, "", 10, 0).step, WEBHOOK_DISABLE);
}

static void an_endpoint_with_too_much_to_do_is_left_alone(void **state)
{
	(void)state;
	static const unsigned busy[] = {429, 502, 504}, other[] = {0, 302, 404, 500, 503};
	for (size_t i = 0; i < sizeof(busy) / sizeof(busy[0]); i++)
		assert_int_equal(next_of(busy[i], "", 7, 200).pause_ms, 5000);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		assert_int_equal(next_of(other[i], "60", 1, 0).pause_ms, 0);
}

static void another_first_pause_changes_all_in_proportion(void **state)
{
	(void)state;
	static const struct webhook_schedule quick = {4, 10};
	struct webhook_outcome o = {.end = WEBHOOK_TIMED_OUT, .retry_after = "", .reply = ""};
	static const uint64_t pauses_ms[] = {10, 600, 3600};
	for (unsigned attempt = 1; attempt <= 3; attempt++)
		assert_int_equal(webhook_next_of(&quick, &o, attempt, now_ms, 200).after_ms, pauses_ms[attempt - 1]);
	assert_int_equal(webhook_next_of(&quick, &o, 4, now_ms, 200).step, WEBHOOK_GIVEN_UP);
	assert_int_equal(webhook_schedule_ms(&quick), 544210);
	assert_int_equal(webhook_schedule_ms(&usual), UINT64_C(272105000));
}

static void retry_after_delays_and_never_hastens(void **state)
{
	(void)state;
	assert_int_equal(next_of(429, "60", 1, 0).after_ms, 60000);
	assert_int_equal(next_of(429, "60", 3, 0).pause_ms, 60000);
	assert_int_equal(next_of(429, "60", 10, 0).pause_ms, 60000);
	assert_int_equal(next_of(503, "60", 1, 0).after_ms, 60000);
	assert_int_equal(next_of(429, "1", 1, 0).after_ms, 4000);
	assert_int_equal(next_of(429, "60", 2, 0).after_ms, 240000);
	assert_int_equal(next_of(429, "99999999999999999999", 1, 0).after_ms, UINT64_C(86400000));
	assert_int_equal(next_of(429, "Wed, 21 Oct 2015 07:28:00 GMT", 1, 0).after_ms, 60000);
	assert_int_equal(next_of(429, "Fri, 01 Jan 2100 00:00:00 GMT", 1, 0).after_ms, UINT64_C(86400000));
	assert_int_equal(next_of(429, "soon", 1, 0).after_ms, 4000);
}

static void retry_after_has_four_forms(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		uint64_t after_s;
	} good[] = {
		{"0", 0},
		{"120", 120},
		{"86400", 86400},
		{"86401", 86400},
		{"Wed, 21 Oct 2015 07:28:00 GMT", 60},
		{"Wednesday, 21-Oct-15 07:28:00 GMT", 60},
		{"Wed Oct 21 07:28:00 2015", 60},
		{"Wed, 21 Oct 2015 07:00:00 GMT", 0},
		{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	};
	static const char *const wrong[] = {"",
					    " ",
					    "-1",
					    "+1",
					    "1.5",
					    "12x",
					    "0x10",
					    "Wed, 21 Oct 2015 07:28:00",
					    "Wed, 21 Oct 2015 07:28:00 GMT ",
					    "Wed, 21 Oct 2015 25:28:00 GMT",
					    "GMT",
					    "tomorrow"};
	uint64_t after_s;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(webhook_retry_after(good[i].value, now_ms, &after_s));
		assert_int_equal(after_s, good[i].after_s);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (webhook_retry_after(wrong[i], now_ms, &after_s))
			fail_msg("\"%s\" was taken", wrong[i]);
	}
}

static void each_end_has_a_word(void **state)
{
	(void)state;
	assert_string_equal(webhook_end_word(WEBHOOK_ANSWERED), "answered");
	assert_string_equal(webhook_end_word(WEBHOOK_ADDRESS_REFUSED), "address_refused");
	assert_string_equal(webhook_end_word(WEBHOOK_CANCELLED), "cancelled");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(success_is_2xx_alone),
		cmocka_unit_test(pauses_grow_and_end_after_ten_attempts),
		cmocka_unit_test(an_endpoint_with_too_much_to_do_is_left_alone),
		cmocka_unit_test(another_first_pause_changes_all_in_proportion),
		cmocka_unit_test(retry_after_delays_and_never_hastens),
		cmocka_unit_test(retry_after_has_four_forms),
		cmocka_unit_test(each_end_has_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
