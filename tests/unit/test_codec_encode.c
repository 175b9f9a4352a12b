/* Timestamps, events, replies and the table of errors. */
#include "cmocka_wrap.h"

#include "codec/event_check.h"
#include "codec/event_encode.h"
#include "codec/reply_encode.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void timestamps_of_known_moments(void **state)
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
		{253402300799999, "9999-12-31T23:59:59.999Z"},
		{INT64_MAX, "9999-12-31T23:59:59.999Z"}, /* cut: four digits for the year */
		{INT64_MIN, "0000-01-01T00:00:00.000Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[TIMESTAMP_BYTES + 1];

		timestamp_format(cases[i].ms, out);
		assert_string_equal(out, cases[i].text);
	}
}

/* The C library as the second opinion: every day of 500 years. */
static void timestamps_agree_with_gmtime(void **state)
{
	(void)state;
	for (int64_t day = -365 * 100; day < 365 * 400; day++) {
		char out[TIMESTAMP_BYTES + 1], expected[TIMESTAMP_BYTES + 1];
		time_t t = (time_t)(day * 86400 + 3661);
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		assert_int_equal(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.007Z", &tm), TIMESTAMP_BYTES);
		timestamp_format(t * 1000 + 7, out);
		assert_string_equal(out, expected);
	}
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

/* What is not what the encoder makes is told apart, wherever it differs. */
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
		cmocka_unit_test(timestamps_of_known_moments),
		cmocka_unit_test(timestamps_agree_with_gmtime),
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
