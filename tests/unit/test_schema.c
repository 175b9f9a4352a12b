/*
 * Holds the schemas, the golden examples and the codec together: each of the three is checked against the other two.
 * Argument: the folder protocol/.
 */
#include "cmocka_wrap.h"

#include "codec/event_encode.h"
#include "codec/reply_encode.h"
#include "codec/request_decode.h"
#include "codec/request_fields.h"
#include "example_files.h"
#include "json_schema.h"
#include "room/conn_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that was read. Examples are kept as their bytes (without the newline at the end) in JSON strings, by file name. */
struct world {
	json_t *schemas, *examples, *invalid;
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

static void assert_satisfies(const struct world *w, const char *example, const char *schema, const json_t *value)
{
	struct schema_fault fault;

	if (!json_schema_check(w->schemas, schema, value, &fault))
		fail_msg("%s: %s", example, fault.message);
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

static void schemas_use_known_keywords_and_references(void **state)
{
	const struct world *w = *state;
	struct schema_fault fault;
	const char *name;
	json_t *schema;

	json_object_foreach(w->schemas, name, schema) {
		if (!json_schema_sane(w->schemas, schema, &fault))
			fail_msg("%s: %s", name, fault.message);
		assert_string_equal(member_text(schema, "$schema"), "https://json-schema.org/draft/2020-12/schema");
		assert_string_equal(member_text(schema, "$id"), name);
	}
}

static void assert_has(const json_t *set, const char *what, const char *before, const char *name, const char *after)
{
	char file[128];

	snprintf(file, sizeof(file), "%s%s%s", before, name, after);
	if (json_object_get(set, file) == NULL)
		fail_msg("there is no %s %s", what, file);
}

static void every_command_event_and_error_has_schema_and_example(void **state)
{
	static const char *const events[] = {
#define X(symbol, number, type) type,
		EVENT_TABLE(X)
#undef X
	};
	const struct world *w = *state;

	for (unsigned c = 0; c < CMD_COUNT; c++) {
		const char *type = command_type((enum command)c);

		assert_has(w->schemas, "schema", "", type, ".request.json");
		assert_has(w->schemas, "schema", "", type, ".reply.json");
		assert_has(w->examples, "example", "", type, ".request.json");
		assert_has(w->examples, "example", "", type, ".reply.json");
	}
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		assert_has(w->schemas, "schema", "", events[i], ".event.json");
		assert_has(w->examples, "example", "", events[i], ".event.json");
	}
	for (unsigned e = WIRE_OK + 1; e < WIRE_ERROR_COUNT; e++)
		assert_has(w->examples, "example", "error.", wire_error_code((enum wire_error)e), ".json");
}

static void check_example(const struct world *w, const char *file, const json_t *value)
{
	const json_t *data = json_object_get(value, "data");
	char schema[128];

	if (strstr(file, ".request") != NULL) {
		json_auto_t *none = json_object();

		assert_satisfies(w, file, "request.json", value);
		snprintf(schema, sizeof(schema), "%s.request.json", member_text(value, "type"));
		assert_satisfies(w, file, schema, data != NULL ? data : none);
	} else if (strstr(file, ".reply") != NULL) {
		enum command c = command_of(file, ".reply");

		assert_true(c != CMD_COUNT);
		assert_satisfies(w, file, "ok.json", value);
		snprintf(schema, sizeof(schema), "%s.reply.json", command_type(c));
		assert_satisfies(w, file, schema, data);
	} else if (strstr(file, ".event") != NULL) {
		assert_satisfies(w, file, "type.event.json", value);
		snprintf(schema, sizeof(schema), "%s.event.json", member_text(value, "type"));
		assert_satisfies(w, file, schema, value);
	} else if (strncmp(file, "error.", 6) == 0) {
		assert_satisfies(w, file, "error.json", value);
	} else {
		assert_string_equal(file, "hello.json");
		assert_satisfies(w, file, "hello.json", value);
	}
}

static void every_example_satisfies_its_schema(void **state)
{
	const struct world *w = *state;
	const char *file;
	json_t *text;

	json_object_foreach(w->examples, file, text) {
		json_auto_t *value = parse(text);

		check_example(w, file, value);
	}
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
		request_finish(&request);
	}
}

/* Limits and combinations are told in words only; missing members and wrong types must be refused by the schemas too. */
static void schemas_refuse_missing_members_and_wrong_types(void **state)
{
	const struct world *w = *state;
	size_t n = 0;
	const char *file;
	json_t *example;

	json_object_foreach(w->invalid, file, example) {
		struct schema_fault fault;
		char schema[128];

		if (!example_files_ends_with(file, "-missing.json") && !example_files_ends_with(file, "-wrong-type.json") &&
		    !example_files_ends_with(file, "-null.json"))
			continue;
		json_auto_t *frame = parse(json_object_get(example, "frame"));
		if (!json_schema_check(w->schemas, "request.json", frame, &fault))
			continue;
		snprintf(schema, sizeof(schema), "%s.request.json", member_text(frame, "type"));
		const json_t *data = json_object_get(frame, "data");
		if (data != NULL && json_schema_check(w->schemas, schema, data, &fault))
			fail_msg("%s: the schema accepts it", file);
		n++;
	}
	assert_true(n > 50);
}

static bool list_has(const json_t *list, const char *name)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) {
		if (strcmp(json_string_value(entry), name) == 0)
			return true;
	}
	return false;
}

static void schemas_and_decoder_know_the_same_members(void **state)
{
	const struct world *w = *state;

	for (unsigned c = 0; c < CMD_COUNT; c++) {
		const struct command_fields *fields = request_fields_of((enum command)c);
		char file[128];

		snprintf(file, sizeof(file), "%s.request.json", command_type((enum command)c));
		const json_t *schema = json_object_get(w->schemas, file);
		const json_t *properties = json_object_get(schema, "properties"), *required = json_object_get(schema, "required");
		if (json_object_size(properties) != fields->n_fields)
			fail_msg("%s: %zu members, the decoder has %zu", file, json_object_size(properties), fields->n_fields);
		for (size_t i = 0; i < fields->n_fields; i++) {
			const struct field *f = &fields->fields[i];

			if (json_object_get(properties, f->name) == NULL)
				fail_msg("%s: has no %s", file, f->name);
			if (list_has(required, f->name) != f->required)
				fail_msg("%s: %s is required in one of schema and decoder", file, f->name);
		}
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
	struct request request = {0};

	if (json_is_integer(ref)) {
		snprintf(request.ref_number, sizeof(request.ref_number), "%" JSON_INTEGER_FORMAT, json_integer_value(ref));
		request.ref = (struct text){request.ref_number, strlen(request.ref_number)};
		request.ref_is_number = true;
	} else if (ref != NULL) {
		request.ref = (struct text){json_string_value(ref), json_string_length(ref)};
	}
	return reply_ref_of(&request);
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

static void error_schema_lists_every_code(void **state)
{
	const struct world *w = *state;
	const json_t *schema = json_object_get(w->schemas, "error.json");
	const json_t *data = json_object_get(json_object_get(json_object_get(schema, "properties"), "data"), "properties");
	const json_t *codes = json_object_get(json_object_get(data, "code"), "enum");

	assert_int_equal(json_array_size(codes), WIRE_ERROR_COUNT - 1);
	for (unsigned e = WIRE_OK + 1; e < WIRE_ERROR_COUNT; e++)
		assert_true(list_has(codes, wire_error_code((enum wire_error)e)));
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

static void the_document_names_everything(void **state)
{
	const struct world *w = *state;
	const char *document = json_string_value(w->document);

	for (unsigned c = 0; c < CMD_COUNT; c++)
		assert_told(document, command_type((enum command)c));
	for (unsigned e = WIRE_OK + 1; e < WIRE_ERROR_COUNT; e++)
		assert_told(document, wire_error_code((enum wire_error)e));
#define X(symbol, number, type) assert_told(document, type);
	EVENT_TABLE(X)
#undef X
#define X(name, value, unit, meaning, most) assert_told(document, #name);
	LIMIT_TABLE(X)
#undef X
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: test_schema PROTOCOL_FOLDER\n");
		return 2;
	}
	char document[1000];
	snprintf(document, sizeof(document), "%s/PROTOCOL.md", argv[1]);
	struct world w = {
		.schemas = example_files_read_folder(argv[1], "schema", true),
		.examples = example_files_read_folder(argv[1], "examples", false),
		.invalid = example_files_read_folder(argv[1], "examples/invalid", true),
		.document = example_files_read_text(document),
	};
#define TEST(name) cmocka_unit_test_prestate(name, &w)
	const struct CMUnitTest tests[] = {
		TEST(schemas_use_known_keywords_and_references),
		TEST(every_command_event_and_error_has_schema_and_example),
		TEST(every_example_satisfies_its_schema),
		TEST(every_request_example_is_decoded),
		TEST(every_invalid_example_is_refused_as_it_says),
		TEST(schemas_refuse_missing_members_and_wrong_types),
		TEST(schemas_and_decoder_know_the_same_members),
		TEST(every_event_example_is_encoded_byte_for_byte),
		TEST(every_reply_example_is_encoded_byte_for_byte),
		TEST(every_error_example_is_encoded_byte_for_byte),
		TEST(hello_example_tells_every_limit_and_its_default),
		TEST(error_schema_lists_every_code),
		TEST(the_document_has_every_close_code),
		TEST(the_document_names_everything),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(w.schemas);
	json_decref(w.examples);
	json_decref(w.invalid);
	json_decref(w.document);
	return failed;
}
