#include "cmocka_wrap.h"

#include "codec/json_plain.h"

#include <string.h>

static json_t *parse(const char *text)
{
	size_t twice_at;

	return json_plain_parse((const uint8_t *)text, strlen(text), &twice_at);
}

/* That it makes of them what jansson makes is fuzz_json_plain's to show. */
static void what_requests_consist_of_is_taken(void **state)
{
	static const char *const plain[] = {
		"{}",
		" { } \r\n\t",
		"{\"type\":\"message.send\",\"ref\":\"7\",\"data\":{\"room\":\"general\",\"text\":\"h\xc3\xa4llo \xf0\x9f\x98\x80\"}}",
		"{ \"a\" : true , \"b\" : false , \"c\" : null , \"d\" : 0 , \"e\" : 999999999999999999 }",
		"{\"a\":{\"b\":{\"c\":{}}}}",
	};
	(void)state;
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
		json_auto_t *value = parse(plain[i]);
		json_auto_t *same = json_loads(plain[i], JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(value);
		assert_true(json_equal(value, same));
	}
}

static void all_else_is_left_to_the_library(void **state)
{
	static const char *const other[] = {
		"",
		"7",
		"\"text\"",
		"[]",
		"{\"a\":[]}",
		"{\"a\":\"\\n\"}",
		"{\"a\":\"\n\"}",
		"{\"a\":-1}",
		"{\"a\":1.5}",
		"{\"a\":1e3}",
		"{\"a\":01}",
		"{\"a\":1000000000000000000}",
		"{\"a\":1,\"a\":2}",
		"{\"a\":1,}",
		"{\"a\" 1}",
		"{\"a\":}",
		"{\"a\":tru}",
		"{a:1}",
		"{\"a\":1",
		"{\"a\":1}}",
		"{\"a\":\"\xff\"}",
		"{\"\xc0\x80\":1}",
		"{\"a",
	};
	(void)state;
	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
		assert_null(parse(other[i]));
	size_t twice_at;
	assert_null(json_plain_parse((const uint8_t *)"{\"a\":1\0}", 8, &twice_at));
}

static void a_member_given_twice_is_named_by_its_place(void **state)
{
	static const char text[] = "{\"a\":{\"b\":1,\"c\":2,\"b\":3}}";
	size_t twice_at;
	(void)state;
	assert_null(json_plain_parse((const uint8_t *)text, sizeof text - 1, &twice_at));
	assert_int_equal(twice_at, strlen("{\"a\":{\"b\":1,\"c\":2,\"b\""));
	assert_null(json_plain_parse((const uint8_t *)text, sizeof text - 4, &twice_at)); /* the second one's value is cut off */
	assert_int_equal(twice_at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_requests_consist_of_is_taken),
		cmocka_unit_test(all_else_is_left_to_the_library),
		cmocka_unit_test(a_member_given_twice_is_named_by_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
