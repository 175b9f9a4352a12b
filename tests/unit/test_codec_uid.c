#include "cmocka_wrap.h"

#include "codec/uid.h"

#include <string.h>

static const char text[] = "0b9f3b62-5c0e-4f0e-9d53-2f1c7a4be0ff";

static void reads_and_writes_the_same(void **state)
{
	static const uint8_t bytes[16] = {0x0b, 0x9f, 0x3b, 0x62, 0x5c, 0x0e, 0x4f, 0x0e, 0x9d, 0x53, 0x2f, 0x1c, 0x7a, 0x4b, 0xe0, 0xff};
	struct uid id;
	char out[UID_TEXT_BYTES + 1];

	(void)state;
	assert_true(uid_parse(text, 36, &id));
	assert_memory_equal(id.b, bytes, sizeof(bytes));
	uid_format(&id, out);
	assert_string_equal(out, text);
}

static void reads_upper_case_and_writes_lower(void **state)
{
	struct uid upper, lower;

	(void)state;
	assert_true(uid_parse("0B9F3B62-5C0E-4F0E-9D53-2F1C7A4BE0FF", 36, &upper));
	assert_true(uid_parse(text, 36, &lower));
	assert_true(uid_equal(&upper, &lower));
}

static void refuses_what_is_not_a_uuid(void **state)
{
	struct uid id = {{7}};
	const struct uid before = id;

	(void)state;
	assert_false(uid_parse("", 0, &id));
	assert_false(uid_parse(text, 35, &id));
	assert_false(uid_parse("0b9f3b62-5c0e-4f0e-9d53-2f1c7a4be0fff", 37, &id));
	assert_false(uid_parse("{b9f3b62-5c0e-4f0e-9d53-2f1c7a4be0ff", 36, &id));
	/* Every place matters. */
	for (size_t i = 0; i < 36; i++) {
		char broken[37];

		memcpy(broken, text, sizeof(broken));
		broken[i] = broken[i] == '-' ? '0' : 'g';
		assert_false(uid_parse(broken, 36, &id));
	}
	assert_true(uid_equal(&id, &before));
}

/* RFC 9562, section 5.4; more of them than one call of the kernel makes. */
static void fresh_ones_are_random_of_version_4(void **state)
{
	enum { N = 1000, GUARD = 0x5a };
	static struct uid ids[N + 1];
	uint8_t ones[16] = {0}, zeros[16] = {0};

	(void)state;
	for (size_t n = 0; n <= N; n = n < 40 ? n + 1 : n + N - 40) {
		memset(ids, GUARD, sizeof(ids));
		uid_random(ids, n);
		for (size_t i = 0; i < sizeof(ids[n].b); i++)
			assert_int_equal(ids[n].b[i], GUARD);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(ids[i].b[6] >> 4, 4);
			assert_int_equal(ids[i].b[8] >> 6, 2);
			for (size_t j = 0; j < i; j++)
				assert_false(uid_equal(&ids[i], &ids[j]));
		}
	}
	for (size_t i = 0; i < N; i++) {
		for (size_t at = 0; at < sizeof(ones); at++) {
			ones[at] |= ids[i].b[at];
			zeros[at] |= (uint8_t)~ids[i].b[at];
		}
	}
	for (size_t at = 0; at < sizeof(ones); at++) {
		assert_int_equal(ones[at], at == 6 ? 0x4f : at == 8 ? 0xbf : 0xff);
		assert_int_equal(zeros[at], at == 6 ? 0xbf : at == 8 ? 0x7f : 0xff);
	}
}

static void zero_is_told_from_others(void **state)
{
	struct uid id = {{0}};

	(void)state;
	assert_true(uid_is_zero(&id));
	id.b[15] = 1;
	assert_false(uid_is_zero(&id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_the_same),  cmocka_unit_test(reads_upper_case_and_writes_lower),
		cmocka_unit_test(refuses_what_is_not_a_uuid), cmocka_unit_test(fresh_ones_are_random_of_version_4),
		cmocka_unit_test(zero_is_told_from_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
