/* The published vectors of those who sign, and what is near them. */
#include "cmocka_wrap.h"

#include "base/memory.h"
#include "hook/hook_signature.h"
#include "webhook/webhook_sign.h"

#include <string.h>

static const int64_t ANY_TIME_MS = 1614265330000;

struct signed_post {
	enum hook_field field;
	const char *value;
};

static bool is_good(const char *secret, const char *body, int64_t now_ms, const struct signed_post *fields, size_t n)
{
	struct hook_request *r = hook_request_new();
	buf_append_str(&r->body, body);
	for (size_t i = 0; i < n; i++)
		r->fields[fields[i].field] = mem_strndup(fields[i].value, strlen(fields[i].value));
	bool good = hook_signature_is_good(r, secret, now_ms);
	hook_request_free(r);
	return good;
}

#define IS_GOOD(secret, body, now_ms, ...) \
	is_good(secret, body, now_ms, (const struct signed_post[]){__VA_ARGS__}, \
		sizeof((const struct signed_post[]){__VA_ARGS__}) / sizeof(struct signed_post))

#define STANDARD_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define HUB "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define HUB_BY_STANDARD_SECRET "sha256=7ad4fd21c74c164320d9ac01f24d0797c8be594bf356ab332fdd61a03b78cec0"

static void githubs_vector_is_good_and_a_changed_one_is_not(void **state)
{
	const char *secret = "It's a Secret to Everybody";
	(void)state;
	assert_true(IS_GOOD(secret, "Hello, World!", ANY_TIME_MS, {HOOK_HUB_SIGNATURE, HUB}));
	assert_false(IS_GOOD(secret, "Hello, World?", ANY_TIME_MS, {HOOK_HUB_SIGNATURE, HUB}));
	assert_false(IS_GOOD("another", "Hello, World!", ANY_TIME_MS, {HOOK_HUB_SIGNATURE, HUB}));
	assert_false(IS_GOOD(secret, "Hello, World!", ANY_TIME_MS, {HOOK_HUB_SIGNATURE, ""}));
	assert_false(IS_GOOD(secret, "Hello, World!", ANY_TIME_MS, {HOOK_HUB_SIGNATURE, HUB "0"}));
	/* GitHub knows nothing of whsec_: the whole text is the key. */
	assert_true(IS_GOOD(STANDARD_SECRET, "Hello, World!", ANY_TIME_MS, {HOOK_HUB_SIGNATURE, HUB_BY_STANDARD_SECRET}));
}

#define STANDARD_BODY "{\"test\": 2432232314}"
#define STANDARD_MAC "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define STANDARD_ID "msg_p5jXN8AQM9LWM0D4loKWxJek"

static void the_vector_of_standard_webhooks_is_good_while_it_is_recent(void **state)
{
	const int64_t tolerance_ms = WEBHOOK_TOLERANCE_S * (int64_t)1000;
	(void)state;
	for (int64_t off_ms = -tolerance_ms; off_ms <= tolerance_ms; off_ms += tolerance_ms)
		assert_true(IS_GOOD(STANDARD_SECRET, STANDARD_BODY, ANY_TIME_MS + off_ms, {HOOK_WEBHOOK_ID, STANDARD_ID},
				    {HOOK_WEBHOOK_TIMESTAMP, "1614265330"}, {HOOK_WEBHOOK_SIGNATURE, STANDARD_MAC}));
	for (int64_t off_ms = -tolerance_ms - 1000; off_ms <= tolerance_ms + 1000; off_ms += 2 * tolerance_ms + 2000)
		assert_false(IS_GOOD(STANDARD_SECRET, STANDARD_BODY, ANY_TIME_MS + off_ms, {HOOK_WEBHOOK_ID, STANDARD_ID},
				     {HOOK_WEBHOOK_TIMESTAMP, "1614265330"}, {HOOK_WEBHOOK_SIGNATURE, STANDARD_MAC}));
}

static void one_signature_of_a_list_is_enough_and_the_other_fields_are_needed(void **state)
{
	(void)state;
	assert_true(IS_GOOD(STANDARD_SECRET, STANDARD_BODY, ANY_TIME_MS, {HOOK_WEBHOOK_ID, STANDARD_ID},
			    {HOOK_WEBHOOK_TIMESTAMP, "1614265330"}, {HOOK_WEBHOOK_SIGNATURE, "v1,x v2,y " STANDARD_MAC}));
	assert_false(IS_GOOD(STANDARD_SECRET, STANDARD_BODY, ANY_TIME_MS, {HOOK_WEBHOOK_TIMESTAMP, "1614265330"},
			     {HOOK_WEBHOOK_SIGNATURE, STANDARD_MAC}));
	assert_false(IS_GOOD(STANDARD_SECRET, STANDARD_BODY, ANY_TIME_MS, {HOOK_WEBHOOK_ID, STANDARD_ID},
			     {HOOK_WEBHOOK_SIGNATURE, STANDARD_MAC}));
	assert_false(IS_GOOD("whsec_", STANDARD_BODY, ANY_TIME_MS, {HOOK_WEBHOOK_ID, STANDARD_ID}, {HOOK_WEBHOOK_TIMESTAMP, "1614265330"},
			     {HOOK_WEBHOOK_SIGNATURE, STANDARD_MAC}));
	assert_false(IS_GOOD("whsec_!", STANDARD_BODY, ANY_TIME_MS, {HOOK_WEBHOOK_ID, STANDARD_ID}, {HOOK_WEBHOOK_TIMESTAMP, "1614265330"},
			     {HOOK_WEBHOOK_SIGNATURE, STANDARD_MAC}));
}

static void gitlab_sends_the_secret_itself(void **state)
{
	(void)state;
	assert_true(IS_GOOD("secret", "{}", ANY_TIME_MS, {HOOK_GITLAB_TOKEN, "secret"}));
	assert_false(IS_GOOD("secret", "{}", ANY_TIME_MS, {HOOK_GITLAB_TOKEN, "secre"}));
	assert_false(IS_GOOD("secret", "{}", ANY_TIME_MS, {HOOK_GITLAB_TOKEN, "Secret"}));
	assert_false(IS_GOOD("secret", "{}", ANY_TIME_MS, {HOOK_CONTENT_TYPE, "secret"}));
	assert_false(IS_GOOD("secret", "{}", ANY_TIME_MS, {HOOK_HUB_SIGNATURE, "sha256=00"}, {HOOK_GITLAB_TOKEN, "secret"}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(githubs_vector_is_good_and_a_changed_one_is_not),
		cmocka_unit_test(the_vector_of_standard_webhooks_is_good_while_it_is_recent),
		cmocka_unit_test(one_signature_of_a_list_is_enough_and_the_other_fields_are_needed),
		cmocka_unit_test(gitlab_sends_the_secret_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
