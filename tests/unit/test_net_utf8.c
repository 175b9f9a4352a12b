#include "cmocka_wrap.h"

#include "net/conn/utf8.h"

#include <string.h>

static bool valid(const char *s)
{
	return utf8_valid((const uint8_t *)s, strlen(s));
}

static void accepts_every_length(void **state)
{
	(void)state;
	assert_true(valid(""));
	assert_true(valid("plain text, longer than eight bytes"));
	assert_true(valid("\xc2\x80\xdf\xbf"));
	assert_true(valid("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"));
	assert_true(valid("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
	assert_true(utf8_valid((const uint8_t *)"a\0b", 3));
}

static void refuses_what_rfc_3629_refuses(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc2",
		"\xc2\x20",
		"\xe0\x9f\xbf",
		"\xe2\x82",
		"\xe2\x28\xa1",
		"\xe2\x82\x28",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf0\x90\x80",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xfe",
	};
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(valid(bad[i]));
}

/* At any place, also beside the steps of eight bytes. */
static void finds_a_bad_byte_anywhere(void **state)
{
	(void)state;
	for (size_t n = 1; n < 40; n++)
		for (size_t at = 0; at < n; at++) {
			uint8_t text[40];
			memset(text, 'x', sizeof text);
			text[at] = 0xc3;
			if (at + 1 < n)
				assert_false(utf8_valid(text, n));
			text[at] = 'x';
			assert_true(utf8_valid(text, n));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_every_length),
		cmocka_unit_test(refuses_what_rfc_3629_refuses),
		cmocka_unit_test(finds_a_bad_byte_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
