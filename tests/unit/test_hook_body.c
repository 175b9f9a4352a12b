/* Where the JSON is in the body of a post. */
#include "cmocka_wrap.h"

#include "hook/hook_body.h"

#include <string.h>

#define JSON "{\"text\":\"a b+c\"}"

static void holds(const char *content_type, const char *body, const char *expected)
{
	auto_buf made = BUF_INIT;
	struct text type = {.s = content_type, .n = content_type ? strlen(content_type) : 0};
	struct text payload = hook_body_payload(type, (struct text){.s = body, .n = strlen(body)}, &made);

	if (expected == NULL) {
		assert_null(payload.s);
		return;
	}
	assert_non_null(payload.s);
	assert_int_equal(payload.n, strlen(expected));
	assert_memory_equal(payload.s, expected, payload.n);
}

static void json_is_taken_whatever_it_is_called(void **state)
{
	(void)state;
	holds("application/json", JSON, JSON);
	holds("application/json; charset=utf-8", JSON, JSON);
	holds("text/plain", JSON, JSON);
	holds(NULL, JSON, JSON);
	holds("application/x-www-form-urlencoded", JSON, JSON);
	holds("application/x-www-form-urlencoded", " \n" JSON, " \n" JSON);
	holds(NULL, "", "");
}

static void a_form_has_it_in_its_field(void **state)
{
	const char *type = "application/x-www-form-urlencoded; charset=utf-8";

	(void)state;
	holds(type, "payload=%7b%22text%22%3A%22a+b%2Bc%22%7D", JSON);
	holds(NULL, "payload=%7B%22text%22%3A%22a+b%2Bc%22%7D", JSON);
	holds(type, "a=1&payload={}&payload=x", "{}");
	holds(type, "xpayload={}&payload", NULL);
	holds(type, "payload=", "");
	holds(type, "payload=%&x", "%");
	holds(type, "payload=%4", "%4");
	holds(type, "payload=%zz%4", "%zz%4");
	holds(type, "payload=%41", "A");
	holds(type, "", NULL);
}

static void a_multipart_body_has_it_in_its_part(void **state)
{
	const char *type = "multipart/form-data; boundary=XyZ", *quoted = "Multipart/Form-Data; BOUNDARY=\"XyZ\"; charset=utf-8";
	const char *body = "--XyZ\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n"
			   "--XyZ\r\ncontent-disposition: form-data; name=\"payload\"\r\nContent-Type: application/json\r\n\r\n" JSON
			   "\r\n--XyZ--\r\n";

	(void)state;
	holds(type, body, JSON);
	holds(quoted, body, JSON);
	holds("multipart/form-data", body, NULL);
	holds("multipart/form-data; boundary=", body, NULL);
	holds("multipart/form-data; boundary=other", body, NULL);
	holds(type, "--XyZ\r\nContent-Disposition: form-data; filename=\"payload\"\r\n\r\n{}\r\n--XyZ--", NULL);
	holds(type, "--XyZ\r\nContent-Disposition: form-data; name=payload\r\n\r\n\r\n--XyZ--", "");
	holds(type, "--XyZ\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n{}", NULL);
	holds(type, "--XyZ--XyZ--XyZ", NULL);
	holds(type, "", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_taken_whatever_it_is_called),
		cmocka_unit_test(a_form_has_it_in_its_field),
		cmocka_unit_test(a_multipart_body_has_it_in_its_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
