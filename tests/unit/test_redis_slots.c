/* Who has which channel in a Redis Cluster, and what a server may say of it that is not so. */
#include "cmocka_wrap.h"

#include "bus/redis/redis_slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct redis_address asked = {.host = "192.0.2.1", .port = 7000, .user = "parley", .is_tls = true};
static struct redis_slots slots;

/* Parses a reply as RESP2 writes it. */
static const char *parse(const char *reply)
{
	struct redis_reader *reader = redis_reader_new();
	const struct redis_reply *r;
	assert_int_equal(redis_reader_feed(reader, reply, strlen(reply)), 0);
	assert_int_equal(redis_reader_next(reader, &r), 1);
	const char *fault = redis_slots_parse(r, &asked, &slots);
	redis_reader_free(reader);
	return fault;
}

static uint16_t slot_of(const char *channel)
{
	return redis_slot_of(channel, strlen(channel));
}

/* The numbers are what CLUSTER KEYSLOT of Redis 7.0 says. */
static void a_name_has_the_slot_that_redis_gives_it(void **state)
{
	(void)state;
	assert_int_equal(slot_of("123456789"), 12739);
	assert_int_equal(slot_of(""), 0);
	assert_int_equal(slot_of("foo"), 12182);
	assert_int_equal(slot_of("parley:0123456789abcdef:42"), 4588);
}

static void text_in_braces_alone_counts(void **state)
{
	(void)state;
	assert_int_equal(slot_of("a{foo}b"), slot_of("foo"));
	assert_int_equal(slot_of("{foo}{bar}"), slot_of("foo"));
	assert_int_equal(slot_of("x{{foo}}y"), slot_of("{foo"));
	assert_int_equal(slot_of("{}foo"), 9500);
	assert_int_equal(slot_of("foo{bar"), 15278);
	assert_int_equal(slot_of("}foo{"), 8453);
}

static const char TWO_MASTERS[] =
	"*3\r\n"
	"*4\r\n:0\r\n:99\r\n*4\r\n$9\r\n192.0.2.5\r\n:7001\r\n$1\r\na\r\n*0\r\n*3\r\n$9\r\n192.0.2.8\r\n:7002\r\n$1\r\nb\r\n"
	"*3\r\n:100\r\n:16000\r\n*2\r\n$8\r\nredis-b.\r\n:7003\r\n"
	"*3\r\n:16001\r\n:16383\r\n*3\r\n$9\r\n192.0.2.5\r\n:7001\r\n$1\r\na\r\n";

static void each_slot_belongs_to_the_master_that_is_told(void **state)
{
	(void)state;
	assert_null(parse(TWO_MASTERS));
	assert_int_equal(slots.n_shards, 2);
	assert_int_equal(slots.n_covered, REDIS_SLOTS);
	assert_int_equal(slots.shards[0], 0);
	assert_int_equal(slots.shards[99], 0);
	assert_int_equal(slots.shards[100], 1);
	assert_int_equal(slots.shards[16000], 1);
	assert_int_equal(slots.shards[16383], 0);
	assert_string_equal(slots.masters[0].host, "192.0.2.5");
	assert_int_equal(slots.masters[0].port, 7001);
	assert_string_equal(slots.masters[1].host, "redis-b.");
}

static void a_master_is_reached_as_the_node_that_was_asked(void **state)
{
	(void)state;
	assert_null(parse(TWO_MASTERS));
	assert_true(slots.masters[0].is_tls);
	assert_string_equal(slots.masters[0].user, "parley");
}

static void a_master_without_a_host_is_where_the_asked_one_is(void **state)
{
	(void)state;
	assert_null(parse(
		"*3\r\n*3\r\n:0\r\n:1\r\n*2\r\n$-1\r\n:1\r\n*3\r\n:2\r\n:3\r\n*2\r\n$0\r\n\r\n:2\r\n*3\r\n:4\r\n:5\r\n*2\r\n$1\r\n?\r\n:3\r\n"));
	assert_int_equal(slots.n_shards, 3);
	for (uint16_t i = 0; i < 3; i++) {
		assert_string_equal(slots.masters[i].host, "192.0.2.1");
		assert_int_equal(slots.masters[i].port, i + 1);
	}
}

static void slots_that_nobody_has_are_counted(void **state)
{
	(void)state;
	assert_null(parse("*1\r\n*3\r\n:5\r\n:6\r\n*2\r\n$1\r\na\r\n:1\r\n"));
	assert_int_equal(slots.n_covered, 2);
	assert_int_equal(slots.shards[4], REDIS_NO_SHARD);
	assert_int_equal(slots.shards[6], 0);
	assert_int_equal(slots.shards[7], REDIS_NO_SHARD);
	assert_null(parse("*0\r\n"));
	assert_int_equal(slots.n_covered, 0);
}

#define NODE "*2\r\n$1\r\na\r\n:1\r\n"

static void what_is_no_map_is_refused(void **state)
{
	static const char *const wrong[] = {
		"-ERR This instance has cluster support disabled\r\n",
		"$2\r\nno\r\n",
		"*1\r\n:1\r\n",
		"*1\r\n*-1\r\n",
		"*1\r\n*0\r\n",
		"*1\r\n*2\r\n:0\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:16384\r\n" NODE,
		"*1\r\n*3\r\n:-1\r\n:1\r\n" NODE,
		"*1\r\n*3\r\n:2\r\n:1\r\n" NODE,
		"*1\r\n*3\r\n:4294967296\r\n:4294967297\r\n" NODE,
		"*1\r\n*3\r\n$1\r\n0\r\n:1\r\n" NODE,
		"*2\r\n*3\r\n:0\r\n:1\r\n" NODE "*3\r\n:1\r\n:2\r\n" NODE, /* one slot twice */
		"*1\r\n*3\r\n:0\r\n:1\r\n$1\r\na\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*0\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n$1\r\na\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:0\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:65536\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n:1\r\n:1\r\n",
		"*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n*0\r\n:1\r\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (!parse(wrong[i]))
			fail_msg("%s is taken", wrong[i]);
	}
}

static void a_host_that_is_too_long_is_refused(void **state)
{
	char reply[1024], host[REDIS_HOST_BYTES + 1];
	(void)state;
	memset(host, 'h', REDIS_HOST_BYTES);
	host[REDIS_HOST_BYTES] = '\0';
	snprintf(reply, sizeof(reply), "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$%d\r\n%s\r\n:1\r\n", REDIS_HOST_BYTES, host);
	assert_non_null(parse(reply));
}

/* n masters with one slot each. */
static const char *parse_many(size_t n)
{
	size_t n_bytes = n * 64 + 16, at = 0;
	char *reply = malloc(n_bytes);
	at += (size_t)snprintf(reply, n_bytes, "*%zu\r\n", n);
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(reply + at, n_bytes - at, "*3\r\n:%zu\r\n:%zu\r\n*2\r\n$1\r\na\r\n:%zu\r\n", i, i, i + 1);
	const char *fault = parse(reply);
	free(reply);
	return fault;
}

static void more_masters_than_there_may_be_are_refused(void **state)
{
	(void)state;
	assert_null(parse_many(REDIS_SHARDS_MAX));
	assert_int_equal(slots.n_shards, REDIS_SHARDS_MAX);
	assert_non_null(parse_many(REDIS_SHARDS_MAX + 1));
}

static void a_slot_that_moved_goes_to_the_master_that_is_named(void **state)
{
	(void)state;
	assert_null(parse(TWO_MASTERS));
	assert_true(redis_slots_moved(&slots, "MOVED 100 192.0.2.5:7001", &asked));
	assert_int_equal(slots.shards[100], 0);
	assert_int_equal(slots.n_covered, REDIS_SLOTS);
}

static void a_slot_that_moved_to_an_unknown_master_is_nobodys(void **state)
{
	(void)state;
	assert_null(parse(TWO_MASTERS));
	assert_true(redis_slots_moved(&slots, "MOVED 16383 2001:db8::1:7001", &asked));
	assert_int_equal(slots.shards[16383], REDIS_NO_SHARD);
	assert_int_equal(slots.n_covered, REDIS_SLOTS - 1);
	assert_true(redis_slots_moved(&slots, "MOVED 16383 :7001", &asked)); /* at the host that was asked */
	assert_int_equal(slots.n_covered, REDIS_SLOTS - 1);
	assert_true(redis_slots_moved(&slots, "MOVED 16383 redis-b.:7003", &asked));
	assert_int_equal(slots.shards[16383], 1);
	assert_int_equal(slots.n_covered, REDIS_SLOTS);
}

static void what_does_not_say_where_a_slot_moved_changes_nothing(void **state)
{
	static const char *const wrong[] = {"",
					    "MOVED",
					    "MOVED x 192.0.2.5:7001",
					    "MOVED 16384 192.0.2.5:7001",
					    "MOVED -1 192.0.2.5:7001",
					    "MOVED 1 192.0.2.5",
					    "MOVED 1 ",
					    "MOVED 1 192.0.2.5:0",
					    "MOVED 1 192.0.2.5:65536",
					    "MOVED 1 192.0.2.5:",
					    "ASK 1 192.0.2.5:7001",
					    "MOVED 1 192.0.2.1:7000"};
	(void)state;
	assert_null(parse(TWO_MASTERS));
	struct redis_slots before = slots;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (redis_slots_moved(&slots, wrong[i], &asked))
			fail_msg("%s is taken", wrong[i]);
	}
	assert_memory_equal(slots.shards, before.shards, sizeof(slots.shards));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_the_slot_that_redis_gives_it),
		cmocka_unit_test(text_in_braces_alone_counts),
		cmocka_unit_test(each_slot_belongs_to_the_master_that_is_told),
		cmocka_unit_test(a_master_is_reached_as_the_node_that_was_asked),
		cmocka_unit_test(a_master_without_a_host_is_where_the_asked_one_is),
		cmocka_unit_test(slots_that_nobody_has_are_counted),
		cmocka_unit_test(what_is_no_map_is_refused),
		cmocka_unit_test(a_host_that_is_too_long_is_refused),
		cmocka_unit_test(more_masters_than_there_may_be_are_refused),
		cmocka_unit_test(a_slot_that_moved_goes_to_the_master_that_is_named),
		cmocka_unit_test(a_slot_that_moved_to_an_unknown_master_is_nobodys),
		cmocka_unit_test(what_does_not_say_where_a_slot_moved_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
