/* Timestamps, events, replies and the table of errors. */
#include "cmocka_wrap.h"

#include "codec/event_check.h"
#include "codec/event_encode.h"
#include "codec/reply_encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void assert_timestamp(int64_t ms, const char *expected)
{
	char out[TIMESTAMP_BYTES + 1];

	timestamp_format(ms, out);
	assert_string_equal(out, expected);
}

static void known_moments_have_their_timestamps(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{1769860800123, "2026-01-31T12:00:00.123Z"},
		{951782399999, "2000-02-28T23:59:59.999Z"},
		{951782400000, "2000-02-29T00:00:00.000Z"},
		{4107542400000, "2100-03-01T00:00:00.000Z"}, /* 2100 has no 29 February */
		{4107542399999, "2100-02-28T23:59:59.999Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{-999, "1969-12-31T23:59:59.001Z"},
		{-1000, "1969-12-31T23:59:59.000Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z"},
		{INT64_MAX, "9999-12-31T23:59:59.999Z"}, /* cut: four digits for the year */
		{INT64_MIN, "0000-01-01T00:00:00.000Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_timestamp(cases[i].ms, cases[i].text);
}

/* RFC 3339, section 5.8, in UTC. */
static void the_examples_of_the_rfc_have_their_timestamps(void **state)
{
	(void)state;
	assert_timestamp(482196050520, "1985-04-12T23:20:50.520Z");
	assert_timestamp(851042397000, "1996-12-20T00:39:57.000Z");
	assert_timestamp(662688000000, "1991-01-01T00:00:00.000Z"); /* Unix time has no second 60: the leap second is the next minute */
	assert_timestamp(-1041337172130, "1937-01-01T11:40:27.870Z");
}

/* The rule of RFC 3339, appendix C, applied to one day after the other: from 1600 to 2400. */
static void each_day_follows_the_one_before(void **state)
{
	static const int n_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t ms = -11676096000000 + 3661007;

	(void)state;
	for (int year = 1600; year <= 2400; year++) {
		bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

		for (int month = 0; month < 12; month++) {
			for (int day = 1; day <= n_days[month] + (month == 1 && is_leap); day++, ms += 86400000) {
				char expected[64];

				(void)snprintf(expected, sizeof(expected), "%04d-%02d-%02dT01:01:01.007Z", year, month + 1, day);
				assert_timestamp(ms, expected);
			}
		}
	}
}

/* A zone of the C library with one leap second at the end of June 1972 (RFC 9636, version 1: no transitions, one type, one
 * correction). With it gmtime(3) is a second late. */
static void timestamps_count_no_leap_seconds_of_TZ(void **state)
{
	static const char zone[] = "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				   "\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\4"
				   "\0\0\0\0\0\0UTC\0\4\xb2\x58\0\0\0\0\1";
	char path[] = "/tmp/parley-zone-XXXXXX", out[TIMESTAMP_BYTES + 1];
	time_t second = 1769860800;
	struct tm late;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, zone, sizeof(zone) - 1), sizeof(zone) - 1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(setenv("TZ", path, 1), 0);
	tzset();
	assert_non_null(gmtime_r(&second, &late));
	timestamp_format(1769860800123, out);
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
	assert_int_equal(unlink(path), 0);
	assert_int_equal(late.tm_sec, 59); /* the C library took the zone */
	assert_string_equal(out, "2026-01-31T12:00:00.123Z");
}

static void assert_event(const char *expected, enum event_type type, const struct uid *id, const struct uid *room, uint64_t seq)
{
	auto_buf out = BUF_INIT;

	buf_append_str(&out, "kept:");
	event_encode(&out, type, id, 0, room, seq, "{\"x\":1}", 7);
	buf_append_byte(&out, 0);
	assert_string_equal((const char *)out.data, expected);
}

static void events_have_the_members_they_should(void **state)
{
	const struct uid id = {{1, 2, 3}}, room = {{0xff}};

	(void)state;
	assert_event("kept:{\"type\":\"message.created\",\"id\":\"01020300-0000-0000-0000-000000000000\","
		     "\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"room\":\"ff000000-0000-0000-0000-000000000000\","
		     "\"seq\":9007199254740991,\"data\":{\"x\":1}}",
		     EVENT_MESSAGE_CREATED, &id, &room, 9007199254740991);
	assert_event("kept:{\"type\":\"typing\",\"timestamp\":\"1970-01-01T00:00:00.000Z\","
		     "\"room\":\"ff000000-0000-0000-0000-000000000000\",\"data\":{\"x\":1}}",
		     EVENT_TYPING, NULL, &room, 0);
	assert_event("kept:{\"type\":\"server.leaving\",\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"data\":{\"x\":1}}",
		     EVENT_SERVER_LEAVING, NULL, NULL, 0);
}

/* They are in databases. */
static void stored_event_numbers_stay(void **state)
{
	(void)state;
	assert_int_equal(EVENT_ROOM_CREATED, 1);
	assert_int_equal(EVENT_ROOM_UPDATED, 2);
	assert_int_equal(EVENT_MEMBER_JOINED, 3);
	assert_int_equal(EVENT_MEMBER_LEFT, 4);
	assert_int_equal(EVENT_MESSAGE_CREATED, 5);
	assert_int_equal(EVENT_MEMBER_UPDATED, 6);
	assert_string_equal(event_type_name(EVENT_MESSAGE_CREATED), "message.created");
}

static void assert_reply(const char *expected, struct buf *out)
{
	buf_append_byte(out, 0);
	assert_string_equal((const char *)out->data, expected);
	buf_clear(out);
}

static void replies_give_the_reference_back_as_it_came(void **state)
{
	auto_buf out = BUF_INIT;
	struct reply_ref none = {.n = 0}, text = {.text = "a\"b", .n = 3}, number = {.text = "-7", .n = 2, .is_number = true};

	(void)state;
	reply_encode_ok(&out, &none, "{}", 2);
	assert_reply("{\"type\":\"ok\",\"data\":{}}", &out);
	reply_encode_ok(&out, &text, "{\"a\":1}", 7);
	assert_reply("{\"type\":\"ok\",\"ref\":\"a\\\"b\",\"data\":{\"a\":1}}", &out);
	reply_encode_ok(&out, &number, "{}", 2);
	assert_reply("{\"type\":\"ok\",\"ref\":-7,\"data\":{}}", &out);
}

static void errors_say_why_and_when_to_try_again(void **state)
{
	auto_buf out = BUF_INIT;
	struct reply_ref none = {.n = 0}, text = {.text = "7", .n = 1};

	(void)state;
	reply_encode_error(&out, &text, WIRE_RATE_LIMITED, NULL, 800);
	assert_reply("{\"type\":\"error\",\"ref\":\"7\",\"data\":{\"code\":\"rate_limited\",\"message\":\"too many requests; "
		     "slow down\","
		     "\"retryable\":true,\"retry_after_ms\":800}}",
		     &out);
	reply_encode_error(&out, &none, WIRE_INVALID_REQUEST, "data.room: \"x\"\n", 0);
	assert_reply("{\"type\":\"error\",\"data\":{\"code\":\"invalid_request\",\"message\":\"data.room: \\\"x\\\"\\n\","
		     "\"retryable\":false}}",
		     &out);
}

static void every_error_is_whole(void **state)
{
	(void)state;
	assert_int_equal(wire_error_http_status(WIRE_OK), 200);
	for (unsigned e = WIRE_OK + 1; e < WIRE_ERROR_COUNT; e++) {
		enum wire_error error = (enum wire_error)e;
		int status = wire_error_http_status(error);

		assert_true(status >= 400 && status < 600);
		assert_true(strlen(wire_error_message(error)) > 0);
		/* Only what is about the moment can be tried again. */
		assert_int_equal(wire_error_retryable(error), status == 429 || status >= 500);
		for (unsigned other = WIRE_OK; other < e; other++)
			assert_string_not_equal(wire_error_code(error), wire_error_code((enum wire_error)other));
	}
}

/* Bytes that differ at any place from those of the encoder are recognised. */
static void an_event_is_known_again(void **state)
{
	static const struct uid id = {{1, 2}}, room = {{3, 4}};
	static const char *const datas[] = {"{}", "{\"text\":\"\\u0041 \xc3\xa4\",\"n\":[1,{\"a\":null}]}"};
	static const char *const broken[] = {"", "[]", "{", "{}}", "{\"text\":\"\xff\"}", "{\"a\":1,\"a\":2}"};

	(void)state;
	for (size_t i = 0; i < sizeof(datas) / sizeof(datas[0]); i++) {
		auto_buf b = BUF_INIT;

		event_encode(&b, EVENT_MESSAGE_CREATED, &id, 1769860800123, &room, 42, datas[i], strlen(datas[i]));
		assert_true(event_check(b.data, b.len, EVENT_MESSAGE_CREATED, &id, 1769860800123, &room, 42));
		assert_false(event_check(b.data, b.len, EVENT_ROOM_UPDATED, &id, 1769860800123, &room, 42));
		assert_false(event_check(b.data, b.len, EVENT_MESSAGE_CREATED, &room, 1769860800123, &room, 42));
		assert_false(event_check(b.data, b.len, EVENT_MESSAGE_CREATED, &id, 1769860800124, &room, 42));
		assert_false(event_check(b.data, b.len, EVENT_MESSAGE_CREATED, &id, 1769860800123, &id, 42));
		assert_false(event_check(b.data, b.len, EVENT_MESSAGE_CREATED, &id, 1769860800123, &room, 4));
		for (size_t n = 0; n < b.len; n++)
			assert_false(event_check(b.data, n, EVENT_MESSAGE_CREATED, &id, 1769860800123, &room, 42));
	}
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		auto_buf b = BUF_INIT;

		event_encode(&b, EVENT_MESSAGE_CREATED, &id, 1, &room, 42, broken[i], strlen(broken[i]));
		assert_false(event_check(b.data, b.len, EVENT_MESSAGE_CREATED, &id, 1, &room, 42));
	}
}

static void an_error_can_be_final(void **state)
{
	auto_buf b = BUF_INIT;

	(void)state;
	reply_encode_final_error(&b, NULL, WIRE_UNAVAILABLE, "gone");
	buf_append_byte(&b, '\0');
	assert_string_equal((const char *)b.data,
			    "{\"type\":\"error\",\"data\":{\"code\":\"unavailable\",\"message\":\"gone\",\"retryable\":false}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_moments_have_their_timestamps),
		cmocka_unit_test(the_examples_of_the_rfc_have_their_timestamps),
		cmocka_unit_test(each_day_follows_the_one_before),
		cmocka_unit_test(timestamps_count_no_leap_seconds_of_TZ),
		cmocka_unit_test(events_have_the_members_they_should),
		cmocka_unit_test(stored_event_numbers_stay),
		cmocka_unit_test(replies_give_the_reference_back_as_it_came),
		cmocka_unit_test(errors_say_why_and_when_to_try_again),
		cmocka_unit_test(every_error_is_whole),
		cmocka_unit_test(an_event_is_known_again),
		cmocka_unit_test(an_error_can_be_final),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
