#include "cmocka_wrap.h"

#include "base/bucket.h"

static void lets_the_burst_through_and_then_the_rate(void **state)
{
	(void)state;
	struct bucket b = {0};
	for (int i = 0; i < 5; i++)
		assert_int_equal(bucket_take(&b, 10, 1000, 5, 1000), 0);
	assert_int_equal(bucket_take(&b, 10, 1000, 5, 1000), 100);
	assert_int_equal(bucket_take(&b, 10, 1000, 5, 1040), 60);
	assert_int_equal(bucket_take(&b, 10, 1000, 5, 1100), 0);
	assert_int_equal(bucket_take(&b, 10, 1000, 5, 1100), 100);
}

static void fills_up_again_but_not_beyond_full(void **state)
{
	(void)state;
	struct bucket b = {0};
	for (int i = 0; i < 3; i++)
		assert_int_equal(bucket_take(&b, 60, 60000, 3, 5), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(bucket_take(&b, 60, 60000, 3, 1000000), 0);
	assert_int_equal(bucket_take(&b, 60, 60000, 3, 1000000), 1000);
}

static void a_refusal_takes_nothing(void **state)
{
	(void)state;
	struct bucket b = {0};
	assert_int_equal(bucket_take(&b, 1, 1000, 1, 0), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(bucket_take(&b, 1, 1000, 1, 0), 1000);
	assert_int_equal(bucket_take(&b, 1, 1000, 1, 1000), 0);
}

static void takes_many_at_once(void **state)
{
	(void)state;
	struct bucket b = {0};
	assert_int_equal(bucket_take_many(&b, 4, 10, 1000, 5, 1000), 0);
	assert_int_equal(bucket_take_many(&b, 2, 10, 1000, 5, 1000), 100);
	assert_int_equal(bucket_take_many(&b, 1, 10, 1000, 5, 1000), 0);
	assert_int_equal(bucket_take_many(&b, 1000, 10, 1000, 5, 1000), 500); /* the same as the burst: possible when it is full again */
	assert_int_equal(bucket_take_many(&b, 1000, 10, 1000, 5, 1500), 0);
	assert_int_equal(bucket_take_many(&b, UINT64_MAX, 1, UINT64_MAX / 1000, UINT64_MAX, 0), 0);
}

static void no_rate_is_no_limit(void **state)
{
	(void)state;
	struct bucket b = {0};
	for (int i = 0; i < 1000; i++)
		assert_int_equal(bucket_take(&b, 0, 1000, 1, 0), 0);
}

static void huge_rates_and_bursts_do_not_overflow(void **state)
{
	(void)state;
	struct bucket b = {0};
	for (int i = 0; i < 1000; i++)
		assert_int_equal(bucket_take(&b, (uint64_t)1 << 53, 1000, UINT64_MAX, 1), 0);
	struct bucket slow = {0};
	assert_int_equal(bucket_take(&slow, 1, (uint64_t)1 << 40, 1, 1), 0);
	assert_int_equal(bucket_take(&slow, 1, (uint64_t)1 << 40, 1, 1), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_the_burst_through_and_then_the_rate),
		cmocka_unit_test(fills_up_again_but_not_beyond_full),
		cmocka_unit_test(a_refusal_takes_nothing),
		cmocka_unit_test(takes_many_at_once),
		cmocka_unit_test(no_rate_is_no_limit),
		cmocka_unit_test(huge_rates_and_bursts_do_not_overflow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
