/* What the examples do not show: decoded values, defaults, limits that an operator changed, bytes that are no text. */
#include "cmocka_wrap.h"

#include "codec/reply_encode.h"
#include "codec/request_decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "6a1d3c50-8a39-4c51-a3a7-90a1c6d2e001"
#define ID_2 "6a1d3c50-8a39-4c51-a3a7-90a1c6d2e002"

struct world {
	struct limits limits;
	struct request request;
	struct request_fault fault;
};

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->limits = limits_default();
	w->request.command = CMD_COUNT;
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	request_finish(&w->request);
	free(w);
	return 0;
}

/* The decoder must not read past the end: the bytes are put where a sanitizer sees it. */
static bool decode_bytes(struct world *w, const char *frame, size_t n)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);

	memcpy(exact, frame, n);
	request_finish(&w->request);
	bool ok = request_decode(exact, n, &w->limits, &w->request, &w->fault);
	free(exact); /* and must not point into them */
	return ok;
}

static bool decode(struct world *w, const char *frame)
{
	return decode_bytes(w, frame, strlen(frame));
}

static void must_decode(struct world *w, const char *frame)
{
	if (!decode(w, frame))
		fail_msg("%s: %s", frame, w->fault.message);
	assert_int_equal(w->fault.code, WIRE_OK);
}

static void must_refuse(struct world *w, const char *frame, enum wire_error code, const char *has)
{
	if (decode(w, frame))
		fail_msg("%s was accepted", frame);
	if (w->fault.code != code || strstr(w->fault.message, has) == NULL)
		fail_msg("%s: %s, %s", frame, wire_error_code(w->fault.code), w->fault.message);
}

static void assert_text(struct text text, const char *expected)
{
	assert_non_null(text.s);
	assert_int_equal(text.n, strlen(expected));
	assert_memory_equal(text.s, expected, text.n);
}

static void decodes_message_send(void **state)
{
	struct world *w = *state;
	const struct data_message_send *d = &w->request.data.message_send;
	struct uid id;

	must_decode(w, "{\"type\":\"message.send\",\"data\":{\"room\":\"general\",\"text\":\"\\u00e9\\n\"}}");
	assert_int_equal(w->request.command, CMD_MESSAGE_SEND);
	assert_true(d->room.given);
	assert_false(d->room.is_id);
	assert_text(d->room.name, "general");
	assert_text(d->text, "\xC3\xA9\n");
	assert_false(d->has_client_id);
	assert_int_equal(d->reply_to, 0);
	assert_int_equal(w->request.ref.n, 0);

	must_decode(w, "{\"type\":\"message.send\",\"data\":{\"room\":\"" ID "\",\"text\":\"x\",\"client_id\":\"" ID_2 "\",\"reply_to\":7,"
		       "\"unknown\":[1,2]},\"also\":null}");
	assert_true(d->room.is_id);
	assert_true(uid_parse(ID, 36, &id) && uid_equal(&id, &d->room.id));
	assert_true(d->has_client_id);
	assert_true(uid_parse(ID_2, 36, &id) && uid_equal(&id, &d->client_id));
	assert_int_equal(d->reply_to, 7);
}

static void null_is_absent(void **state)
{
	struct world *w = *state;

	must_decode(w, "{\"type\":\"message.send\",\"ref\":null,\"data\":{\"room\":\"g\",\"text\":\"x\",\"client_id\":null,"
		       "\"reply_to\":null}}");
	assert_false(w->request.data.message_send.has_client_id);
	must_decode(w, "{\"type\":\"account.logout\",\"data\":null}");
	must_decode(w, "{\"type\":\"signal.send\",\"data\":{\"room\":\"g\",\"data\":null}}");
	assert_null(w->request.data.signal_send.data);
}

static void defaults_are_filled_in(void **state)
{
	struct world *w = *state;

	must_decode(w, "{\"type\":\"room.list\"}");
	assert_int_equal(w->request.data.room_list.limit, 100);
	assert_null(w->request.data.room_list.after.s);
	must_decode(w, "{\"type\":\"history.read\",\"data\":{\"room\":\"g\"}}");
	assert_int_equal(w->request.data.history_read.limit, 50);
	assert_false(w->request.data.history_read.has_before || w->request.data.history_read.has_after);
	must_decode(w, "{\"type\":\"typing.set\",\"data\":{\"room\":\"g\"}}");
	assert_true(w->request.data.typing_set.typing);
	must_decode(w, "{\"type\":\"room.create\",\"data\":{\"name\":\"g\"}}");
	assert_int_equal(w->request.data.room_create.kind, ROOM_PUBLIC);
	must_decode(w, "{\"type\":\"session.start\",\"data\":{\"guest\":\"g\"}}");
	assert_int_equal(w->request.data.session_start.on_gap, ON_GAP_REPLAY);
	must_decode(w, "{\"type\":\"admin.export\",\"data\":{\"room\":\"g\"}}");
	assert_int_equal(w->request.data.admin_export.limit, 200);
}

static void given_values_replace_defaults(void **state)
{
	struct world *w = *state;
	const struct data_history_read *h = &w->request.data.history_read;

	must_decode(w, "{\"type\":\"typing.set\",\"data\":{\"room\":\"g\",\"typing\":false}}");
	assert_false(w->request.data.typing_set.typing);
	must_decode(w, "{\"type\":\"room.create\",\"data\":{\"name\":\"g\",\"kind\":\"private\",\"topic\":\"\"}}");
	assert_int_equal(w->request.data.room_create.kind, ROOM_PRIVATE);
	assert_text(w->request.data.room_create.topic, "");
	must_decode(w, "{\"type\":\"session.start\",\"data\":{\"on_gap\":\"skip\"}}");
	assert_int_equal(w->request.data.session_start.on_gap, ON_GAP_SKIP);
	must_decode(w, "{\"type\":\"history.read\",\"data\":{\"room\":\"g\",\"around\":9007199254740991,\"limit\":200}}");
	assert_true(h->has_around && !h->has_before && !h->has_after);
	assert_true(h->around == UINT64_C(9007199254740991));
	assert_int_equal(h->limit, 200);
	must_decode(w, "{\"type\":\"history.read\",\"data\":{\"room\":\"g\",\"after\":0}}");
	assert_true(h->has_after && h->after == 0);
	must_decode(w, "{\"type\":\"account.logout\",\"data\":{\"everywhere\":true}}");
	assert_true(w->request.data.account_logout.everywhere);
}

static void cursors_come_sorted(void **state)
{
	struct world *w = *state;
	const struct data_session_start *d = &w->request.data.session_start;
	struct uid id;

	must_decode(w, "{\"type\":\"session.start\",\"data\":{\"token\":\"t\",\"resume\":{\"" ID_2 "\":5,\"" ID "\":0}}}");
	assert_int_equal(d->n_resume, 2);
	assert_true(uid_parse(ID, 36, &id) && uid_equal(&id, &d->resume[0].room));
	assert_int_equal(d->resume[0].seq, 0);
	assert_int_equal(d->resume[1].seq, 5);
	must_decode(w, "{\"type\":\"session.start\",\"data\":{\"resume\":{},\"epoch\":\"e\"}}");
	assert_int_equal(d->n_resume, 0);
	assert_int_equal(d->epoch.n, 1);

	w->limits.user_rooms = 1;
	must_refuse(w, "{\"type\":\"session.start\",\"data\":{\"resume\":{\"" ID_2 "\":5,\"" ID "\":0}}}", WIRE_TOO_LARGE,
		    "data.resume: 2 rooms; the limit (user_rooms) is 1");
}

static void references_keep_their_type(void **state)
{
	struct world *w = *state;

	must_decode(w, "{\"type\":\"session.end\",\"ref\":\"a-1\"}");
	assert_string_equal(w->request.ref.text, "a-1");
	assert_false(w->request.ref.is_number);
	must_decode(w, "{\"type\":\"session.end\",\"ref\":-9223372036854775808}");
	struct request moved = w->request;
	w->request = (struct request){0};
	assert_string_equal(moved.ref.text, "-9223372036854775808");
	assert_int_equal(moved.ref.n, 20);
	assert_true(moved.ref.is_number);
	request_finish(&moved);
}

static void refusals_keep_the_reference(void **state)
{
	struct world *w = *state;

	must_refuse(w, "{\"data\":{},\"type\":\"nothing\",\"ref\":\"r\"}", WIRE_UNKNOWN_TYPE, "nothing");
	assert_string_equal(w->request.ref.text, "r");
	must_refuse(w, "{\"data\":{},\"type\":\"room.get\",\"ref\":12}", WIRE_INVALID_REQUEST, "data.room: required");
	assert_string_equal(w->request.ref.text, "12");
	must_refuse(w, "{\"data\":7,\"type\":\"room.get\",\"ref\":12}", WIRE_INVALID_REQUEST, "data: must be an object");
	assert_string_equal(w->request.ref.text, "12");
}

static void changed_limits_are_obeyed(void **state)
{
	struct world *w = *state;
	const char *send = "{\"type\":\"message.send\",\"data\":{\"room\":\"general\",\"text\":\"12345678901\"}}";

	w->limits.text_bytes = 10;
	must_refuse(w, send, WIRE_TOO_LARGE, "the message is too long: it has 11 bytes, and may have 10");
	w->limits.text_bytes = 0;
	must_decode(w, send);
	w->limits.frame_bytes = 10;
	must_refuse(w, send, WIRE_TOO_LARGE, "the limit (frame_bytes) is 10");
	w->limits.frame_bytes = 0;
	must_decode(w, send);
	w->limits.json_depth = 1;
	must_refuse(w, send, WIRE_TOO_LARGE, "the limit (json_depth) is 1");
	w->limits.json_depth = 2;
	must_decode(w, send);
	w->limits.json_depth = 8;
	w->limits.page_events = 20;
	must_decode(w, "{\"type\":\"history.read\",\"data\":{\"room\":\"g\"}}");
	assert_int_equal(w->request.data.history_read.limit, 20);
	w->limits.page_events = 0;
	must_decode(w, "{\"type\":\"history.read\",\"data\":{\"room\":\"g\",\"limit\":1000}}");
	must_refuse(w, "{\"type\":\"history.read\",\"data\":{\"room\":\"g\",\"limit\":1001}}", WIRE_INVALID_REQUEST, "between 1 and 1000");
	w->limits.signal_bytes = 5;
	must_decode(w, "{\"type\":\"signal.send\",\"data\":{\"room\":\"g\",\"data\":[1, 2 ]}}");
	must_refuse(w, "{\"type\":\"signal.send\",\"data\":{\"room\":\"g\",\"data\":[1,22]}}", WIRE_TOO_LARGE, "signal_bytes");
}

/* Without a limit the parser is still never taken deeper than it can go. */
static void depth_has_an_end_even_without_a_limit(void **state)
{
	struct world *w = *state;
	char frame[4000];
	size_t n = (size_t)sprintf(frame, "{\"type\":\"signal.send\",\"data\":{\"room\":\"g\",\"data\":");
	size_t at = n;

	w->limits.json_depth = 0;
	memset(frame + at, '[', 510);
	memset(frame + at + 510, ']', 510);
	strcpy(frame + at + 1020, "}}");
	must_decode(w, frame);
	memset(frame + at, '[', 511);
	memset(frame + at + 511, ']', 511);
	strcpy(frame + at + 1022, "}}");
	must_refuse(w, frame, WIRE_TOO_LARGE, "512 levels");
}

static void brackets_inside_strings_are_not_depth(void **state)
{
	must_decode(*state, "{\"type\":\"message.send\",\"data\":{\"room\":\"g\",\"text\":\"[[[[[[[[[[\\\"{{{{{{{{{{\\\\\"}}");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	static const char *const bad[] = {
		"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x82",
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char frame[200];

		snprintf(frame, sizeof(frame), "{\"type\":\"message.send\",\"data\":{\"room\":\"g\",\"text\":\"a%s\"}}", bad[i]);
		must_refuse(w, frame, WIRE_INVALID_JSON, "data.text");
	}
	assert_false(decode_bytes(w, "{\"type\":\"session.end\"\0}", 23));
	assert_int_equal(w->fault.code, WIRE_INVALID_JSON);
}

/* Every prefix and every single changed byte of a good frame is accepted or refused, never more (for the sanitizers). */
static void damaged_frames_do_no_harm(void **state)
{
	static const char frame[] =
		"{\"type\":\"session.start\",\"ref\":\"1\",\"data\":{\"token\":\"t\\u00e9\",\"resume\":{\"" ID "\":5}}}";
	struct world *w = *state;

	for (size_t n = 0; n < sizeof(frame) - 1; n++)
		assert_false(decode_bytes(w, frame, n));
	for (size_t i = 0; i < sizeof(frame) - 1; i++) {
		static const char replacements[] = {'"', '\\', '{', '}', ',', '0', (char)0xff, 0};
		char changed[sizeof(frame)];

		for (size_t k = 0; k < sizeof(replacements); k++) {
			memcpy(changed, frame, sizeof(frame));
			changed[i] = replacements[k];
			if (!decode_bytes(w, changed, sizeof(frame) - 1))
				assert_true(w->fault.code != WIRE_OK && strlen(w->fault.message) > 0);
		}
	}
}

/* A message is sent back as JSON and logged, so it is plain text for any request. */
static void messages_quote_safely(void **state)
{
	struct world *w = *state;

	must_refuse(w, "{\"type\":\"a\\u001b[31m\\\"\xF0\x9F\x8C\x8D\"}", WIRE_UNKNOWN_TYPE, "a?[31m'????");
	must_refuse(w, "{\"type\":\"session.start\",\"data\":{\"resume\":{\"\\n\xC3\xA9\":1}}}", WIRE_INVALID_REQUEST, "\"???\"");
}

static bool decode_body(struct world *w, enum command c, const char *body)
{
	request_finish(&w->request);
	return request_decode_data(c, (const uint8_t *)body, strlen(body), &w->limits, &w->request, &w->fault);
}

static void bodies_are_data_alone(void **state)
{
	struct world *w = *state;

	assert_true(decode_body(w, CMD_ROOM_GET, "{\"room\":\"general\"}"));
	assert_int_equal(w->request.command, CMD_ROOM_GET);
	assert_text(w->request.data.room_get.room.name, "general");
	assert_true(decode_body(w, CMD_ROOM_LIST, ""));
	assert_int_equal(w->request.data.room_list.limit, 100);
	assert_false(decode_body(w, CMD_ROOM_GET, ""));
	assert_string_equal(w->fault.message, "data.room: required");
	assert_false(decode_body(w, CMD_ROOM_GET, "[]"));
	assert_int_equal(w->fault.code, WIRE_INVALID_JSON);
	assert_false(decode_body(w, CMD_ROOM_GET, "{\"room\":1,\"room\":2}"));
	assert_string_equal(w->fault.message, "data.room: given twice");
	/* A body may be as deep as it could be inside a frame. */
	w->limits.json_depth = 3;
	assert_true(decode_body(w, CMD_SIGNAL_SEND, "{\"room\":\"g\",\"data\":[]}"));
	assert_false(decode_body(w, CMD_SIGNAL_SEND, "{\"room\":\"g\",\"data\":[[]]}"));
	assert_non_null(strstr(w->fault.message, "data.data: nested too deep"));
	w->limits.frame_bytes = 5;
	assert_false(decode_body(w, CMD_ROOM_LIST, "{     }"));
	assert_string_equal(w->fault.message, "the body has 7 bytes; the limit (frame_bytes) is 5");
}

static void assert_peeked(const char *frame, const char *ref, bool is_number)
{
	size_t n = strlen(frame);
	uint8_t *exact = malloc(n > 0 ? n : 1);
	struct request r;

	memcpy(exact, frame, n);
	request_peek_ref(exact, n, &r);
	free(exact);
	if (ref == NULL) {
		assert_int_equal(r.ref.n, 0);
	} else {
		assert_string_equal(r.ref.text, ref);
		assert_int_equal(r.ref.is_number, is_number);
	}
	request_finish(&r);
}

static void a_frame_that_is_not_parsed_still_shows_its_reference(void **state)
{
	char frame[600];
	(void)state;
	assert_peeked("{\"type\":\"a\",\"ref\":\"7\",\"data\":{}}", "7", false);
	assert_peeked(" { \"data\" : {\"ref\":\"inner\",\"list\":[\"ref\",{}]} , \"ref\" :\n-12 }", "-12", true);
	assert_peeked("{\"a\":\"\\\"ref\\\":1\",\"ref\":\"\\u00e4\\\"\"}", "\xc3\xa4\"", false);
	assert_peeked("{\"a\":\"ref\",\"ref\":\"b\" and what follows is no JSON", "b", false);
	assert_peeked("{\"\\u0072ef\":1}", "1", true);
	assert_peeked("{\"r\\u0065\\u0066\" : \"\\u0037\"}", "7", false);
	static const char *const none[] = {"",
					   "{",
					   "{\"ref\"",
					   "{\"ref\":",
					   "{\"ref\":\"",
					   "{\"ref\":\"a",
					   "{\"ref\":\"\"}",
					   "{\"ref\":{}}",
					   "{\"ref\":-}",
					   "{\"ref\":\"\\ud800\"}",
					   "{\"ref\":99999999999999999999}",
					   "{\"data\":{\"ref\":1}}",
					   "{\"ref\":1.5}",
					   "{\"ref\":1e3}",
					   "{\"\\u0052ef\":1}",
					   "{\"\\u00\":1}",
					   "{\"re\\u0066",
					   "{\"\\\"ref\":1}"};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_peeked(none[i], NULL, false);
	snprintf(frame, sizeof frame, "{\"ref\":\"%0500d\"}", 0);
	assert_peeked(frame, NULL, false);
}

static void what_is_no_json_is_refused_with_its_reference(void **state)
{
	struct world *w = *state;
	static const char *const frames[] = {
		"{\"type\":\"message.send\",\"ref\":\"7\",\"data\":{\"room\":\"g\",\"text\":\"\\ud800\"}}",
		"{\"ref\":\"7\",\"type\":\"room.list\",}",
		"{\"ref\":\"7\",\"type\":\"room.list\",\"type\":\"room.list\"}",
		"{\"type\":\"room.list\",\"data\":{\"a\":[[[[[[[[[[]]]]]]]]]]},\"ref\":\"7\"}",
		"{\"type\":\"room.list\",\"data\":{\"limit\":1e999},\"\\u0072ef\":\"7\"}",
	};

	for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
		assert_false(decode(w, frames[i]));
		assert_string_equal(w->request.ref.text, "7");
	}
	w->limits.frame_bytes = 20;
	assert_false(decode(w, "{\"ref\":\"7\",\"type\":\"room.list\"}"));
	assert_int_equal(w->fault.code, WIRE_TOO_LARGE);
	assert_string_equal(w->request.ref.text, "7");
}

static void commands_are_found_by_type(void **state)
{
	(void)state;
	for (unsigned c = 0; c < CMD_COUNT; c++) {
		const char *type = command_type((enum command)c);

		assert_int_equal(command_by_type(type, strlen(type)), c);
		assert_int_equal(command_by_type(type, strlen(type) - 1), CMD_COUNT);
	}
	assert_int_equal(command_by_type("", 0), CMD_COUNT);
}

static void a_command_is_repeated_only_where_that_does_nothing_twice(void **state)
{
	json_auto_t *with_id = json_pack("{s:s}", "client_id", "6a1d3c50-8a39-4c51-a3a7-90a1c6d2e001");

	(void)state;
	assert_true(command_repeatable(CMD_ROOM_LIST, NULL));
	assert_false(command_repeatable(CMD_ROOM_CREATE, NULL));
	assert_false(command_repeatable(CMD_ROOM_CREATE, with_id));
	assert_false(command_repeatable(CMD_MESSAGE_SEND, NULL));
	assert_true(command_repeatable(CMD_MESSAGE_SEND, with_id));
	assert_false(command_repeatable(CMD_COUNT, with_id));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(decodes_message_send),
		TEST(null_is_absent),
		TEST(defaults_are_filled_in),
		TEST(given_values_replace_defaults),
		TEST(cursors_come_sorted),
		TEST(references_keep_their_type),
		TEST(refusals_keep_the_reference),
		TEST(changed_limits_are_obeyed),
		TEST(depth_has_an_end_even_without_a_limit),
		TEST(brackets_inside_strings_are_not_depth),
		TEST(bytes_that_are_no_text_are_refused),
		TEST(damaged_frames_do_no_harm),
		TEST(messages_quote_safely),
		TEST(bodies_are_data_alone),
		TEST(a_frame_that_is_not_parsed_still_shows_its_reference),
		TEST(what_is_no_json_is_refused_with_its_reference),
		TEST(commands_are_found_by_type),
		TEST(a_command_is_repeated_only_where_that_does_nothing_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
