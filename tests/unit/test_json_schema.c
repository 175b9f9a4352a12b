/* The checker of schemas itself: one that accepts everything would make test_schema.c worthless. */
#include "cmocka_wrap.h"

#include "json_schema.h"

#include <string.h>

static void the_checker_refuses(void **state)
{
	static const struct {
		const char *schema, *value;
		const char *why; /* NULL: accepted */
	} cases[] = {
		{"{\"type\":\"string\"}", "[1]", "not of type"},
		{"{\"type\":\"integer\"}", "[]", "not of type"},
		{"{\"typo\":\"string\"}", "[]", "unknown keyword"},
		{"{\"required\":[\"a\"]}", "{\"b\":1}", "has no a"},
		{"{\"required\":[\"a\"]}", "{\"a\":1}", NULL},
		{"{\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"a\":1.5}", "s.a: is not of type"},
		{"{\"properties\":{\"a\":{\"minimum\":2}}}", "{\"a\":1}", "too small"},
		{"{\"properties\":{\"a\":{\"maximum\":2}}}", "{\"a\":3}", "too large"},
		{"{\"properties\":{\"a\":{\"minLength\":2}}}", "{\"a\":\"\xC3\xA9\"}", "too short"},
		{"{\"properties\":{\"a\":{\"maxLength\":1}}}", "{\"a\":\"\xC3\xA9\"}", NULL},
		{"{\"properties\":{\"a\":{\"maxLength\":1}}}", "{\"a\":\"ab\"}", "too long"},
		{"{\"properties\":{\"a\":{\"pattern\":\"^[0-9]{2}$\"}}}", "{\"a\":\"123\"}", "pattern"},
		{"{\"properties\":{\"a\":{\"enum\":[\"x\",\"y\"]}}}", "{\"a\":\"z\"}", "choices"},
		{"{\"properties\":{\"a\":{\"const\":\"x\"}}}", "{\"a\":\"y\"}", "constant"},
		{"{\"additionalProperties\":{\"type\":\"integer\"}}", "{\"a\":\"y\"}", "s.a: is not of type"},
		{"{\"items\":{\"type\":\"integer\"}}", "[1,true]", "s.1: is not of type"},
		{"{\"anyOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]}]}", "{\"c\":1}", "alternatives"},
		{"{\"anyOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]}]}", "{\"b\":1}", NULL},
		{"{\"$ref\":\"nowhere\"}", "{}", "$ref to unknown"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_auto_t *set = json_pack("{s:o}", "s", json_loads(cases[i].schema, 0, NULL));
		json_auto_t *value = json_loads(cases[i].value, 0, NULL);
		struct schema_fault fault;

		assert_non_null(set);
		assert_non_null(value);
		bool ok = json_schema_check(set, "s", value, &fault);
		assert_int_equal(ok, cases[i].why == NULL);
		if (!ok && strstr(fault.message, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].schema, fault.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checker_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
