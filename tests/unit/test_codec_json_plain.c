#include "cmocka_wrap.h"

#include "codec/json_plain.h"
#include "codec/json_valid.h"

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

static bool is_valid(const char *text)
{
	return json_valid_object((const uint8_t *)text, strlen(text), 4);
}

static void what_events_consist_of_is_surely_valid(void **state)
{
	static const char *const valid[] = {
		"{}",
		" { } ",
		"{\"a\":[],\"b\":[1,-2,0,{\"c\":null}],\"d\":{\"a\":true,\"b\":false}}",
		"{\"a\":\"\\n\\\"\\\\ \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"}",
		"{ \"a\" : [ 1 , 2 ] , \"b\" : 999999999999999999 }",
		"{\"a\":{\"a\":{\"a\":{}}}}",
	};
	(void)state;
	for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++)
		assert_true(is_valid(valid[i]));
	static const char *const not_sure[] = {
		"",
		"7",
		"[]",
		"{\"a\":\"\\u0041\"}",
		"{\"a\":1.5}",
		"{\"a\":1e3}",
		"{\"a\":1000000000000000000}",
		"{\"\\n\":1}",
		"{\"a\":{\"a\":{\"a\":{\"a\":1}}}, \"b\":{\"a\":{\"a\":{\"a\":{}}}}}",
		"{\"0\":0,\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,\"8\":0,\"9\":0,\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0}",
	};
	for (size_t i = 0; i < sizeof not_sure / sizeof not_sure[0]; i++)
		assert_false(is_valid(not_sure[i]));
}

/* Each byte of a text is replaced by each other one: what is said to be valid, the library takes. */
static void nothing_invalid_is_valid(void **state)
{
	static const char text[] = "{\"a\":\"\xc3\xa4\\n\",\"b\":[10,-2,{\"c\":null}],\"d\":true,\"e\":{\"f\":\"\"}}";
	size_t n_valid = 0;
	(void)state;
	for (size_t at = 0; at < sizeof text - 1; at++) {
		for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
			uint8_t changed[sizeof text];
			memcpy(changed, text, sizeof text);
			changed[at] = (uint8_t)byte;
			if (!json_valid_object(changed, sizeof text - 1, 64))
				continue;
			json_auto_t *same = json_loadb((const char *)changed, sizeof text - 1, JSON_REJECT_DUPLICATES, NULL);
			assert_non_null(same);
			n_valid++;
		}
		assert_false(json_valid_object((const uint8_t *)text, at, 64));
	}
	assert_true(n_valid > 500); /* a letter in a string may be another one */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_requests_consist_of_is_taken),
		cmocka_unit_test(all_else_is_left_to_the_library),
		cmocka_unit_test(a_member_given_twice_is_named_by_its_place),
		cmocka_unit_test(what_events_consist_of_is_surely_valid),
		cmocka_unit_test(nothing_invalid_is_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
