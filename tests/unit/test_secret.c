#include "cmocka_wrap.h"

#include "base/secret.h"

#include <string.h>
#include <time.h>

static void tokens_are_43_url_safe_characters_and_differ(void **state)
{
	(void)state;
	char a[SECRET_TOKEN_CHARS + 1], b[SECRET_TOKEN_CHARS + 1];
	secret_token(a);
	secret_token(b);
	assert_int_equal(strlen(a), SECRET_TOKEN_CHARS);
	assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), SECRET_TOKEN_CHARS);
	assert_string_not_equal(a, b);
}

/* The test vector "abc" of FIPS 180-2, appendix B.1. */
static void token_hash_is_sha256(void **state)
{
	(void)state;
	static const uint8_t expected[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
					     0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
					     0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
	uint8_t hash[SECRET_HASH_BYTES];
	secret_token_hash("abc", 3, hash);
	assert_memory_equal(hash, expected, 32);
}

static void passwords_verify_only_when_right(void **state)
{
	(void)state;
	char hash[SECRET_PASSWORD_CHARS];
	assert_int_equal(secret_password_hash("correct horse", 13, hash), 0);
	assert_memory_equal(hash, "$argon2id$", 10);
	assert_true(secret_password_verify(hash, "correct horse", 13));
	assert_false(secret_password_verify(hash, "correct horsf", 13));
	assert_false(secret_password_verify(hash, "correct horse ", 14));
	assert_false(secret_password_verify(hash, "", 0));
	assert_false(secret_password_verify("no hash at all", "x", 1));
}

/* Of this thread: what others do on the machine does not change it. */
static uint64_t cpu_ns(void)
{
	struct timespec t;
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* An unknown name must not answer faster: the made-up hash has to be one that is really computed. */
static void an_unknown_name_takes_as_long(void **state)
{
	(void)state;
	char hash[SECRET_PASSWORD_CHARS];
	assert_int_equal(secret_password_hash("x", 1, hash), 0);
	uint64_t start_ns = cpu_ns();
	assert_false(secret_password_verify(hash, "y", 1));
	uint64_t known_ns = cpu_ns() - start_ns;
	start_ns = cpu_ns();
	assert_false(secret_password_verify(NULL, "y", 1));
	uint64_t unknown_ns = cpu_ns() - start_ns;
	assert_true(unknown_ns > known_ns / 4); /* a hash that is refused unread takes microseconds */
}

static void secrets_are_compared_and_wiped(void **state)
{
	(void)state;
	char a[4] = "abc", b[4] = "abd";
	assert_false(secret_equal(a, b, 3));
	assert_true(secret_equal(a, b, 2));
	secret_wipe(a, sizeof(a));
	assert_memory_equal(a, "\0\0\0\0", 4);
}

static void a_random_number_stays_below_its_bound(void **state)
{
	(void)state;
	unsigned seen = 0;
	assert_int_equal(secret_random_below(0), 0);
	assert_int_equal(secret_random_below(1), 0);
	for (unsigned i = 0; i < 10000; i++) {
		uint32_t number = secret_random_below(3);
		assert_in_range(number, 0, 2);
		seen |= 1u << number;
	}
	assert_int_equal(seen, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_43_url_safe_characters_and_differ),
		cmocka_unit_test(token_hash_is_sha256),
		cmocka_unit_test(passwords_verify_only_when_right),
		cmocka_unit_test(an_unknown_name_takes_as_long),
		cmocka_unit_test(secrets_are_compared_and_wiped),
		cmocka_unit_test(a_random_number_stays_below_its_bound),
	};
	if (secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
