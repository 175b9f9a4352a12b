#include "cmocka_wrap.h"

#include "webhook/webhook_sign.h"

#include <stdio.h>
#include <string.h>

/* The specification's own vector. */
static const char secret_text[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id[] = "msg_p5jXN8AQM9LWM0D4loKWxJek",
		  body[] = "{\"test\": 2432232314}", signature[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
static const int64_t at_s = 1614265330;

static struct webhook_secret secret(void)
{
	struct webhook_secret s;
	assert_true(webhook_secret_parse(secret_text, strlen(secret_text), &s));
	return s;
}

static enum webhook_verdict verdict_of(const char *timestamp, const char *signatures, int64_t now_s)
{
	struct webhook_secret s = secret();
	struct webhook_headers h = {
		id, timestamp, signatures, strlen(id), timestamp ? strlen(timestamp) : 0, signatures ? strlen(signatures) : 0};
	return webhook_verify(&s, &h, body, strlen(body), now_s);
}

static void the_specification_s_vector_is_signed(void **state)
{
	(void)state;
	struct webhook_secret secrets[] = {secret(), {.n = 0}};
	char out[WEBHOOK_SIGNATURES_BYTES];
	assert_int_equal(secrets[0].n, 24);
	assert_int_equal(webhook_sign(secrets, 2, &(struct webhook_signed){id, strlen(id), at_s, body, strlen(body)}, out),
			 WEBHOOK_SIGNATURE_CHARS);
	assert_string_equal(out, signature);
}

static void two_secrets_sign_with_one_space_between(void **state)
{
	(void)state;
	struct webhook_secret secrets[] = {secret(), secret()};
	char out[WEBHOOK_SIGNATURES_BYTES], expected[2 * sizeof(signature)];
	snprintf(expected, sizeof(expected), "%s %s", signature, signature);
	webhook_sign(secrets, 2, &(struct webhook_signed){id, strlen(id), at_s, body, strlen(body)}, out);
	assert_string_equal(out, expected);
	assert_int_equal(webhook_sign(NULL, 0, &(struct webhook_signed){id, 1, at_s, "", 0}, out), 0);
	assert_string_equal(out, "");
}

static void a_made_secret_can_be_parsed_and_is_another_each_time(void **state)
{
	(void)state;
	char a[WEBHOOK_SECRET_CHARS + 1], b[WEBHOOK_SECRET_CHARS + 1];
	struct webhook_secret s;
	webhook_secret_make(a);
	webhook_secret_make(b);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), WEBHOOK_SECRET_CHARS);
	assert_true(webhook_secret_parse(a, strlen(a), &s));
	assert_int_equal(s.n, 32);
}

static void secrets_of_another_form_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"whsec_",
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",      /* a character is missing */
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLQ==",     /* 22 bytes */
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB==", /* bits that no encoder sets */
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_w",     /* the other alphabet */
		"whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",     /* a blank */
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw====",
		"whsec_====",
		"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", /* 65 bytes */
	};
	struct webhook_secret s;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (webhook_secret_parse(wrong[i], strlen(wrong[i]), &s))
			fail_msg("%s was taken", wrong[i]);
		assert_int_equal(s.n, 0);
	}
	static const char longest[] = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
	assert_true(webhook_secret_parse(longest, strlen(longest), &s));
	assert_int_equal(s.n, 64);
}

static void a_signature_is_verified_among_others(void **state)
{
	(void)state;
	char many[400];
	assert_int_equal(verdict_of("1614265330", signature, at_s), WEBHOOK_VERIFIED);
	snprintf(many, sizeof(many), "v1a,AAAA v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= %s", signature);
	assert_int_equal(verdict_of("1614265330", many, at_s), WEBHOOK_VERIFIED);
	assert_int_equal(verdict_of("1614265330", "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", at_s), WEBHOOK_WRONG_SIGNATURE);
	assert_int_equal(verdict_of("1614265331", signature, at_s), WEBHOOK_WRONG_SIGNATURE);
	assert_int_equal(verdict_of("1614265330", "", at_s), WEBHOOK_WRONG_SIGNATURE);
}

static void time_counts_in_both_directions(void **state)
{
	(void)state;
	assert_int_equal(verdict_of("1614265330", signature, at_s + 300), WEBHOOK_VERIFIED);
	assert_int_equal(verdict_of("1614265330", signature, at_s - 300), WEBHOOK_VERIFIED);
	assert_int_equal(verdict_of("1614265330", signature, at_s + 301), WEBHOOK_TOO_OLD);
	assert_int_equal(verdict_of("1614265330", signature, at_s - 301), WEBHOOK_TOO_OLD);
	assert_int_equal(verdict_of("161426533000", signature, at_s), WEBHOOK_TOO_OLD);
	static const char *const wrong[] = {NULL, "", "1614265330000", "-1", "1614265330 ", "1e9"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(verdict_of(wrong[i], signature, at_s), WEBHOOK_NOT_SIGNED);
	assert_int_equal(verdict_of("1614265330", NULL, at_s), WEBHOOK_NOT_SIGNED);
}

static void github_s_vector_is_verified(void **state)
{
	(void)state;
	static const char key[] = "It's a Secret to Everybody", text[] = "Hello, World!",
			  good[] = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
	assert_true(webhook_verify_github(key, strlen(key), good, strlen(good), text, strlen(text)));
	assert_false(webhook_verify_github(key, strlen(key), good, strlen(good) - 1, text, strlen(text)));
	assert_false(webhook_verify_github(key, strlen(key) - 1, good, strlen(good), text, strlen(text)));
	assert_false(webhook_verify_github(key, strlen(key), good, strlen(good), text, strlen(text) - 1));
	assert_false(webhook_verify_github("", 0, good, strlen(good), text, strlen(text)));
	assert_false(webhook_verify_github(key, strlen(key), "", 0, text, strlen(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_specification_s_vector_is_signed),
		cmocka_unit_test(two_secrets_sign_with_one_space_between),
		cmocka_unit_test(a_made_secret_can_be_parsed_and_is_another_each_time),
		cmocka_unit_test(secrets_of_another_form_are_refused),
		cmocka_unit_test(a_signature_is_verified_among_others),
		cmocka_unit_test(time_counts_in_both_directions),
		cmocka_unit_test(github_s_vector_is_verified),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
