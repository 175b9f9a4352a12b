#include "cmocka_wrap.h"

#include "codec/buf.h"

#include <string.h>

static void assert_text(const struct buf *b, const char *expected)
{
	assert_int_equal(b->len, strlen(expected));
	assert_memory_equal(b->data, expected, b->len);
}

static void appends_pieces_in_order(void **state)
{
	auto_buf b = BUF_INIT;

	(void)state;
	buf_append(&b, "abc", 2);
	buf_append_str(&b, "-x-");
	buf_append_byte(&b, '!');
	buf_append_u64(&b, 0);
	buf_append_u64(&b, UINT64_MAX);
	buf_appendf(&b, "[%d %s]", -5, "y");
	buf_append(&b, NULL, 0);
	assert_text(&b, "ab-x-!018446744073709551615[-5 y]");
}

static void keeps_everything_while_growing(void **state)
{
	auto_buf b = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		buf_append_byte(&b, (uint8_t)(i * 7));
	assert_int_equal(b.len, 100000);
	assert_true(b.cap >= b.len && b.cap <= 4 * b.len);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], (uint8_t)(i * 7));
}

static void reserve_gives_the_place_after_the_end(void **state)
{
	auto_buf b = BUF_INIT;

	(void)state;
	buf_append_str(&b, "head");
	memcpy(buf_reserve(&b, 1000), "tail", 4);
	assert_int_equal(b.len, 4);
	b.len += 4;
	assert_true(b.cap >= 1004);
	assert_text(&b, "headtail");
}

static void clear_keeps_the_memory_and_finish_does_not(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_append_str(&b, "something");
	size_t cap = b.cap;
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.cap, cap);
	buf_finish(&b);
	assert_null(b.data);
	assert_int_equal(b.cap, 0);
	buf_finish(&b);
}

static void consume_removes_from_the_front(void **state)
{
	auto_buf b = BUF_INIT;

	(void)state;
	buf_consume(&b, 0);
	buf_append_str(&b, "abcdef");
	buf_consume(&b, 2);
	assert_text(&b, "cdef");
	buf_consume(&b, 4);
	assert_int_equal(b.len, 0);
}

static void json_strings_are_escaped(void **state)
{
	static const struct {
		const char *raw;
		size_t n;
		const char *json;
	} cases[] = {
		{"", 0, "\"\""},
		{"plain", 5, "\"plain\""},
		{"\"", 1, "\"\\\"\""},
		{"a\\b\"c", 5, "\"a\\\\b\\\"c\""},
		{"\n\t\r\b\f", 5, "\"\\n\\t\\r\\b\\f\""},
		{"\0\x01\x1f", 3, "\"\\u0000\\u0001\\u001f\""},
		{"\x7f/'<>", 5, "\"\x7f/'<>\""},
		{"\xC3\xA9 \xF0\x9F\x8C\x8D", 7, "\"\xC3\xA9 \xF0\x9F\x8C\x8D\""},
		{"x\ny", 3, "\"x\\ny\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf b = BUF_INIT;

		buf_append_json_string(&b, cases[i].raw, cases[i].n);
		assert_text(&b, cases[i].json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_pieces_in_order),
		cmocka_unit_test(keeps_everything_while_growing),
		cmocka_unit_test(reserve_gives_the_place_after_the_end),
		cmocka_unit_test(clear_keeps_the_memory_and_finish_does_not),
		cmocka_unit_test(consume_removes_from_the_front),
		cmocka_unit_test(json_strings_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
