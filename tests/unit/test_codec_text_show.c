#include "cmocka_wrap.h"

#include "codec/text_show.h"

#include <jansson.h>
#include <string.h>

static void assert_shown(const char *raw, size_t n, const char *expected)
{
	auto_buf out = BUF_INIT;

	buf_append_str(&out, "+");
	text_show(&out, raw, n);
	buf_append_byte(&out, 0);
	assert_string_equal((const char *)out.data + 1, expected);
}

#define SHOWN(raw, expected) assert_shown(raw, sizeof(raw) - 1, expected)

static void what_people_write_stays_as_it_is(void **state)
{
	(void)state;
	SHOWN("", "");
	SHOWN("plain \"quoted\" back\\slash", "plain \"quoted\" back\\slash");
	SHOWN("h\xc3\xa9 \xc2\xa0 \xe2\x82\xac \xf0\x9f\x98\x80", "h\xc3\xa9 \xc2\xa0 \xe2\x82\xac \xf0\x9f\x98\x80");
	SHOWN("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80"); /* joined by U+200D */
	SHOWN("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"); /* letters from right to left */
}

static void control_characters_are_escaped(void **state)
{
	(void)state;
	SHOWN("\x1b[31mred\x07", "\\u001b[31mred\\u0007");
	SHOWN("two\r\nlines\tand \0 more", "two\\u000d\\u000alines\\u0009and \\u0000 more");
	SHOWN("\x7f", "\\u007f");
	SHOWN("\xc2\x80 \xc2\x9b\x33\x31m \xc2\x9f", "\\u0080 \\u009b31m \\u009f"); /* C1: U+009B begins a sequence as ESC [ does */
}

static void what_changes_the_order_is_escaped(void **state)
{
	(void)state;
	SHOWN("\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029");
	SHOWN("\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae", "\\u202a\\u202b\\u202c\\u202d\\u202e");
	SHOWN("\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9", "\\u2066\\u2067\\u2068\\u2069");
	SHOWN("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c\xef\xbb\xbf", "\\u200e\\u200f\\u061c\\ufeff");
}

/* Each byte by itself, so that what follows a cut sequence is looked at as well. */
static void what_is_no_utf8_is_escaped(void **state)
{
	(void)state;
	SHOWN("\xff", "\\ufffd");
	SHOWN("\xc0\xaf", "\\ufffd\\ufffd");
	SHOWN("\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd");            /* a surrogate */
	SHOWN("\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"); /* beyond U+10FFFF */
	SHOWN("\xe2\x82", "\\ufffd\\ufffd");
	SHOWN("\xc2\x1b[31m", "\\ufffd\\u001b[31m");
	SHOWN("\x9b\x33\x31m", "\\ufffd31m"); /* C1 as a byte: what a terminal without UTF-8 obeys */
}

static void json_stays_the_same_json(void **state)
{
	static const char text[] = "{\"a\":\"x\x7f\xc2\x9b\xe2\x80\xae\\u001b \\\\ \xef\xbb\xbf\"}";
	auto_buf out = BUF_INIT;

	(void)state;
	text_show(&out, text, sizeof text - 1);
	json_auto_t *before = json_loads(text, 0, NULL), *after = json_loadb((const char *)out.data, out.len, 0, NULL);
	assert_non_null(before);
	assert_true(json_equal(before, after));
	for (size_t i = 0; i < out.len; i++)
		assert_in_range(out.data[i], 0x20, 0x7e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_people_write_stays_as_it_is),  cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(what_changes_the_order_is_escaped), cmocka_unit_test(what_is_no_utf8_is_escaped),
		cmocka_unit_test(json_stays_the_same_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
