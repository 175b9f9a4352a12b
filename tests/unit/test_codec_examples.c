/*
 * The golden examples and the bad requests through the codec: what the schemas say of a message is what the codec makes of it. That examples and
 * schemas agree is looked at in tests/schema. Arguments: the folder of the examples that the build made, and PROTOCOL.md.
 */
#include "cmocka_wrap.h"

#include "codec/event_encode.h"
#include "codec/reply_encode.h"
#include "codec/request_decode.h"
#include "example_files.h"
#include "room/conn_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that was read. Examples are kept as their bytes (without the newline at the end) in JSON strings, by file name. */
struct world {
	json_t *examples, *invalid;
	json_t *document; /* PROTOCOL.md */
};

static json_t *parse(const json_t *text)
{
	json_t *value = json_loadb(json_string_value(text), json_string_length(text), JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(value);
	return value;
}

static const char *member_text(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	assert_non_null(s);
	return s;
}

static void assert_bytes(const char *example, const json_t *expected, const struct buf *got)
{
	if (json_string_length(expected) != got->len || memcmp(json_string_value(expected), got->data, got->len) != 0)
		fail_msg("%s: encoded as %.*s", example, (int)got->len, (const char *)got->data);
}

/* The command that an example or schema is about: what stands before `.request` and the like. CMD_COUNT: none. */
static enum command command_of(const char *file, const char *shape)
{
	const char *at = strstr(file, shape);

	return at != NULL ? command_by_type(file, (size_t)(at - file)) : CMD_COUNT;
}

static void every_request_example_is_decoded(void **state)
{
	const struct world *w = *state;
	const struct limits limits = limits_default();
	size_t n = 0;
	const char *file;
	json_t *text;

	json_object_foreach(w->examples, file, text) {
		struct request request;
		struct request_fault fault;

		if (strstr(file, ".request") == NULL)
			continue;
		if (!request_decode((const uint8_t *)json_string_value(text), json_string_length(text), &limits, &request, &fault))
			fail_msg("%s: %s", file, fault.message);
		assert_int_equal(request.command, command_of(file, ".request"));
		assert_true(request.ref.n > 0);
		request_finish(&request);

		/* The same through the other entrance. */
		json_auto_t *value = parse(text);
		const json_t *data = json_object_get(value, "data");
		char *body = data != NULL ? json_dumps(data, JSON_COMPACT) : calloc(1, 1);
		if (!request_decode_data(command_of(file, ".request"), (const uint8_t *)body, strlen(body), &limits, &request, &fault))
			fail_msg("%s as a body: %s", file, fault.message);
		request_finish(&request);
		free(body);
		n++;
	}
	assert_true(n >= CMD_COUNT);
}

static void every_invalid_example_is_refused_as_it_says(void **state)
{
	const struct world *w = *state;
	const struct limits limits = limits_default();
	const char *file;
	json_t *example;

	json_object_foreach(w->invalid, file, example) {
		const char *frame = member_text(example, "frame"), *code = member_text(example, "code");
		struct request request;
		struct request_fault fault;

		if (request_decode((const uint8_t *)frame, strlen(frame), &limits, &request, &fault))
			fail_msg("%s: was accepted", file);
		if (strcmp(wire_error_code(fault.code), code) != 0)
			fail_msg("%s: refused as %s (%s), not %s", file, wire_error_code(fault.code), fault.message, code);
		if (strstr(fault.message, member_text(example, "message_has")) == NULL)
			fail_msg("%s: the message is: %s", file, fault.message);
		const char *field = json_string_value(json_object_get(example, "field"));
		if (field != NULL && (fault.field == NULL || strcmp(fault.field, field) != 0))
			fail_msg("%s: the fault is one of %s, not of %s", file, fault.field, field);
		request_finish(&request);
	}
}

static enum event_type event_type_named(const char *type)
{
#define X(symbol, number, name) \
	if (strcmp(type, name) == 0) \
		return symbol;
	EVENT_TABLE(X)
#undef X
	fail_msg("there is no event %s", type);
	return EVENT_TYPING;
}

/* All examples happen at one moment, 2026-01-31T12:00:00.123Z. */
static const int64_t example_ms = 1769860800123;

static void every_event_example_is_encoded_byte_for_byte(void **state)
{
	const struct world *w = *state;
	const char *file;
	json_t *text;

	json_object_foreach(w->examples, file, text) {
		auto_buf out = BUF_INIT;
		struct uid id, room;

		if (strstr(file, ".event") == NULL)
			continue;
		json_auto_t *event = parse(text);
		const json_t *id_text = json_object_get(event, "id"), *room_text = json_object_get(event, "room");
		assert_true(id_text == NULL || uid_parse(json_string_value(id_text), json_string_length(id_text), &id));
		assert_true(room_text == NULL || uid_parse(json_string_value(room_text), json_string_length(room_text), &room));
		char *data = json_dumps(json_object_get(event, "data"), JSON_COMPACT);
		event_encode(&out, event_type_named(member_text(event, "type")), id_text != NULL ? &id : NULL, example_ms,
			     room_text != NULL ? &room : NULL, (uint64_t)json_integer_value(json_object_get(event, "seq")), data,
			     strlen(data));
		assert_bytes(file, text, &out);
		free(data);
	}
}

static struct reply_ref ref_of(const json_t *ref)
{
	struct reply_ref out = {.is_number = json_is_integer(ref)};

	if (out.is_number)
		snprintf(out.text, sizeof(out.text), "%" JSON_INTEGER_FORMAT, json_integer_value(ref));
	else if (ref != NULL)
		snprintf(out.text, sizeof(out.text), "%s", json_string_value(ref));
	out.n = (uint8_t)strlen(out.text);
	return out;
}

static void every_reply_example_is_encoded_byte_for_byte(void **state)
{
	const struct world *w = *state;
	const char *file;
	json_t *text;

	json_object_foreach(w->examples, file, text) {
		auto_buf out = BUF_INIT;

		if (strstr(file, ".reply") == NULL)
			continue;
		json_auto_t *reply = parse(text);
		struct reply_ref ref = ref_of(json_object_get(reply, "ref"));
		char *data = json_dumps(json_object_get(reply, "data"), JSON_COMPACT);
		reply_encode_ok(&out, &ref, data, strlen(data));
		assert_bytes(file, text, &out);
		free(data);
	}
}

static void every_error_example_is_encoded_byte_for_byte(void **state)
{
	const struct world *w = *state;

	for (unsigned e = WIRE_OK + 1; e < WIRE_ERROR_COUNT; e++) {
		auto_buf out = BUF_INIT;
		char file[128];

		snprintf(file, sizeof(file), "error.%s.json", wire_error_code((enum wire_error)e));
		const json_t *text = json_object_get(w->examples, file);
		json_auto_t *error = parse(text);
		const json_t *after = json_object_get(json_object_get(error, "data"), "retry_after_ms");
		struct reply_ref ref = ref_of(json_object_get(error, "ref"));
		reply_encode_error(&out, &ref, (enum wire_error)e, NULL, (uint32_t)json_integer_value(after));
		assert_bytes(file, text, &out);
	}
}

static void hello_example_tells_every_limit_and_its_default(void **state)
{
	const struct world *w = *state;
	json_auto_t *hello = parse(json_object_get(w->examples, "hello.json"));
	const json_t *limits = json_object_get(json_object_get(hello, "data"), "limits");
	size_t n = 0;

#define X(name, value, unit, meaning, most) \
	assert_int_equal(json_integer_value(json_object_get(limits, #name)), value); \
	assert_non_null(json_object_get(limits, #name)); \
	n++;
	LIMIT_TABLE(X)
#undef X
	assert_int_equal(json_object_size(limits), n);
}

static void assert_told(const char *document, const char *name)
{
	char quoted[80];

	snprintf(quoted, sizeof(quoted), "`%s`", name);
	if (strstr(document, quoted) == NULL)
		fail_msg("PROTOCOL.md says nothing of %s", quoted);
}

/* The table of close codes has a row for each, and no other. */
static void the_document_has_every_close_code(void **state)
{
	const struct world *w = *state;
	const char *document = json_string_value(w->document);
	unsigned n_rows = 0, n_reasons = 0;
	char row[20];

	for (const char *at = document; (at = strstr(at, "\n| ")) != NULL; at++)
		n_rows += strspn(at + 3, "0123456789") == 4;
#define X(symbol, code, label, text) \
	n_reasons++; \
	snprintf(row, sizeof(row), "\n| %d | ", code); \
	if (strstr(document, row) == NULL) \
		fail_msg("PROTOCOL.md says nothing of the close code %d (%s)", code, label);
	CLOSE_REASON_TABLE(X)
#undef X
	assert_int_equal(n_rows, n_reasons);
}

static void the_document_names_every_error_and_limit(void **state)
{
	const struct world *w = *state;
	const char *document = json_string_value(w->document);

	for (unsigned e = WIRE_OK + 1; e < WIRE_ERROR_COUNT; e++)
		assert_told(document, wire_error_code((enum wire_error)e));
#define X(name, value, unit, meaning, most) assert_told(document, #name);
	LIMIT_TABLE(X)
#undef X
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: test_codec_examples EXAMPLES_FOLDER PROTOCOL.md\n");
		return 2;
	}
	struct world w = {
		.examples = example_files_read_folder(argv[1], ".", false),
		.invalid = example_files_read_folder(argv[1], "invalid", true),
		.document = example_files_read_text(argv[2]),
	};
#define TEST(name) cmocka_unit_test_prestate(name, &w)
	const struct CMUnitTest tests[] = {
		TEST(every_request_example_is_decoded),
		TEST(every_invalid_example_is_refused_as_it_says),
		TEST(every_event_example_is_encoded_byte_for_byte),
		TEST(every_reply_example_is_encoded_byte_for_byte),
		TEST(every_error_example_is_encoded_byte_for_byte),
		TEST(hello_example_tells_every_limit_and_its_default),
		TEST(the_document_has_every_close_code),
		TEST(the_document_names_every_error_and_limit),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(w.examples);
	json_decref(w.invalid);
	json_decref(w.document);
	return failed;
}
