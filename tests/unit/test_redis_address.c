#include "cmocka_wrap.h"

#include "bus/redis/redis_address.h"
#include "bus/redis/redis_channel.h"

#include <string.h>

static void addresses_are_taken_apart(void **state)
{
	(void)state;
	struct redis_address a;
	assert_null(redis_address_parse("redis://redis.example", &a));
	assert_string_equal(a.host, "redis.example");
	assert_int_equal(a.port, 6379);
	assert_false(a.is_tls);
	assert_null(redis_address_parse("rediss://parley@[::1]:7000", &a));
	assert_string_equal(a.host, "::1");
	assert_string_equal(a.user, "parley");
	assert_int_equal(a.port, 7000);
	assert_true(a.is_tls);
	assert_null(redis_address_parse("unix:/run/redis.sock", &a));
	assert_true(a.is_unix);
	assert_string_equal(a.path, "/run/redis.sock");
}

static void an_address_is_shown_without_its_user(void **state)
{
	(void)state;
	struct redis_address a;
	char shown[REDIS_SHOWN_BYTES];
	static const char *const same[] = {"redis://h:1", "rediss://[::1]:6379", "unix:/a"};
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_null(redis_address_parse(same[i], &a));
		redis_address_show(&a, shown);
		assert_string_equal(shown, same[i]);
	}
	assert_null(redis_address_parse("redis://somebody@h:1", &a));
	redis_address_show(&a, shown);
	assert_string_equal(shown, "redis://h:1");
}

static void each_wrong_address_has_a_sentence(void **state)
{
	(void)state;
	struct redis_address a;
	static const struct {
		const char *text, *word;
	} wrong[] = {
		{"", "like redis://"},
		{"127.0.0.1:6379", "like redis://"},
		{"http://h", "like redis://"},
		{"redis://", "like redis://"},
		{"redis://:6379", "like"},
		{"redis://h:0", "like"},
		{"redis://h:65536", "like"},
		{"redis://h:6379x", "like"},
		{"redis://h:", "like"},
		{"redis://::1", "like"},
		{"redis://[::1", "like"},
		{"redis://[::1]x", "like"},
		{"redis://u:p@h", "password"},
		{"redis://:p@h", "password"},
		{"redis://@h", "a user"},
		{"redis://h/", "slash"},
		{"redis://h/1", "database"},
		{"redis://h?x=1", "options"},
		{"unix:relative", "begins with /"},
		{"unix:", "begins with /"},
		{"redis://h h", "like redis://"},
		{"REDIS://h", "like redis://"},
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *fault = redis_address_parse(wrong[i].text, &a);
		if (!fault || !strstr(fault, wrong[i].word))
			fail_msg("%s: %s", wrong[i].text, fault ? fault : "(taken)");
	}
	char large[1024];
	memset(large, 'x', sizeof(large));
	memcpy(large, "redis://", 8);
	large[sizeof(large) - 1] = '\0';
	assert_non_null(redis_address_parse(large, &a));
	memcpy(large, "unix:/xx", 8);
	assert_non_null(redis_address_parse(large, &a));
}

static void what_a_server_announces_is_checked(void **state)
{
	(void)state;
	struct redis_address like, a;
	char large[REDIS_HOST_BYTES + 1];
	assert_null(redis_address_parse("rediss://u@h", &like));
	assert_true(redis_address_at(&like, "10.0.0.1xx", 8, 7000, &a));
	assert_string_equal(a.host, "10.0.0.1");
	assert_string_equal(a.user, "u");
	assert_true(a.is_tls);
	assert_true(redis_address_equal(&a, &a));
	assert_false(redis_address_equal(&a, &like));
	assert_false(redis_address_at(&like, "", 0, 7000, &a));
	assert_false(redis_address_at(&like, "h", 1, 0, &a));
	assert_false(redis_address_at(&like, "h", 1, 65536, &a));
	assert_false(redis_address_at(&like, "a\nb", 3, 1, &a));
	memset(large, 'x', sizeof(large));
	assert_false(redis_address_at(&like, large, sizeof(large), 1, &a));
}

static void channels_have_one_name_each(void **state)
{
	(void)state;
	struct redis_channel c;
	uint64_t n = 0;
	redis_channel_name("abcdef", UINT64_MAX, &c);
	assert_string_equal(c.name, "parley:abcdef:18446744073709551615");
	assert_true(redis_channel_number("abcdef", c.name, c.n, &n));
	assert_true(n == UINT64_MAX);
	static const char *const others[] = {"",
					     "parley:abcdef:",
					     "parley:abcdef",
					     "parley:abcdef:-1",
					     "parley:abcdef:01",
					     "parley:abcdef:1x",
					     "parley:abcdeg:1",
					     "parley:abcdef:18446744073709551616",
					     "Parley:abcdef:1"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(redis_channel_number("abcdef", others[i], strlen(others[i]), &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_taken_apart),         cmocka_unit_test(an_address_is_shown_without_its_user),
		cmocka_unit_test(each_wrong_address_has_a_sentence), cmocka_unit_test(what_a_server_announces_is_checked),
		cmocka_unit_test(channels_have_one_name_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
