#include "request_decode.h"

#include "json_check.h"
#include "request_fields.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REF_JSON_BYTES_MAX = 6 * REF_BYTES_MAX + 2, TYPE_QUOTED_BYTES = 64 };

static const char *const types[CMD_COUNT] = {
#define X(symbol, type, ident) [symbol] = type,
	COMMAND_TABLE(X)
#undef X
};

const char *command_type(enum command c)
{
	assert((unsigned)c < CMD_COUNT);
	return types[c];
}

bool command_repeatable(enum command c, const json_t *data)
{
	if ((unsigned)c >= CMD_COUNT)
		return false;
	switch (request_fields_of(c)->repeat) {
	case REPEAT_NEVER:
		return false;
	case REPEAT_ALWAYS:
		return true;
	case REPEAT_BY_CLIENT_ID:
		return json_is_string(json_object_get(data, "client_id"));
	}
	return false;
}

/* `ref` NULL: absent. */
static bool decode_ref(json_t *ref, struct request *out, struct request_fault *fault)
{
	if (ref == NULL || json_is_null(ref))
		return true;
	if (json_is_integer(ref)) {
		out->ref.is_number = true;
		int n = snprintf(out->ref.text, sizeof(out->ref.text), "%" JSON_INTEGER_FORMAT, json_integer_value(ref));
		out->ref.n = (uint8_t)n;
		return true;
	}
	if (json_is_string(ref) && json_string_length(ref) > 0 && json_string_length(ref) <= REF_BYTES_MAX) {
		out->ref.n = (uint8_t)json_string_length(ref);
		memcpy(out->ref.text, json_string_value(ref), out->ref.n);
		return true;
	}
	return request_fault_set(fault, WIRE_INVALID_REQUEST, "ref: must be a string of 1 to %d bytes or an integer", REF_BYTES_MAX);
}

static bool decode_type(json_t *root, struct request *out, struct request_fault *fault)
{
	json_t *type = json_object_get(root, "type");
	char quoted[TYPE_QUOTED_BYTES + 1];

	if (type == NULL || json_is_null(type))
		return request_fault_set(fault, WIRE_INVALID_REQUEST, "type: required");
	if (!json_is_string(type))
		return request_fault_set(fault, WIRE_INVALID_REQUEST, "type: must be a string");
	out->command = command_by_type(json_string_value(type), json_string_length(type));
	if (out->command != CMD_COUNT)
		return true;
	request_fault_quote(quoted, sizeof(quoted), json_string_value(type), json_string_length(type));
	return request_fault_set(fault, WIRE_UNKNOWN_TYPE, "type: there is no command \"%s\"", quoted);
}

/* `object` NULL: {}. */
static bool decode_fields(json_t *object, const struct limits *limits, struct request *out, struct request_fault *fault)
{
	return request_fields_walk(request_fields_of(out->command), object, limits, &out->data, fault);
}

static bool check_length(const char *what, size_t n, const struct limits *limits, struct request_fault *fault)
{
	if (limits->frame_bytes > 0 && n > limits->frame_bytes)
		return request_fault_set(fault, WIRE_TOO_LARGE, "the %s has %zu bytes; the limit (frame_bytes) is %" PRIu64, what, n,
					 limits->frame_bytes);
	return true;
}

static void begin(struct request *out, enum command command, struct request_fault *fault)
{
	memset(out, 0, sizeof(*out)); /* the whole union, whichever member is used */
	out->command = command;
	*fault = (struct request_fault){.code = WIRE_OK};
}

/* The reference of a frame that was not parsed. */
static void find_ref(const uint8_t *bytes, size_t n, struct request *out)
{
	struct request_fault ignored;
	const uint8_t *value;
	size_t n_value;

	if (json_check_find(bytes, n, "ref", &value, &n_value) && n_value <= REF_JSON_BYTES_MAX)
		out->json = json_loadb((const char *)value, n_value, JSON_DECODE_ANY, NULL);
	(void)decode_ref(out->json, out, &ignored);
}

bool request_decode(const uint8_t *bytes, size_t n, const struct limits *limits, struct request *out, struct request_fault *fault)
{
	begin(out, CMD_COUNT, fault);
	if (n == 0)
		return request_fault_set(fault, WIRE_INVALID_JSON, "the frame is empty");
	if (check_length("frame", n, limits, fault))
		out->json = json_check_parse(bytes, n, JSON_SCOPE_FRAME, limits->json_depth, fault);
	if (out->json == NULL) {
		find_ref(bytes, n, out);
		return false;
	}
	/* The reference first, so that every later refusal can carry it. */
	if (!decode_ref(json_object_get(out->json, "ref"), out, fault) || !decode_type(out->json, out, fault))
		return false;

	json_t *data = json_object_get(out->json, "data");
	if (data != NULL && !json_is_null(data) && !json_is_object(data))
		return request_fault_set(fault, WIRE_INVALID_REQUEST, "data: must be an object");
	return decode_fields(data, limits, out, fault);
}

bool request_decode_data(enum command command, const uint8_t *bytes, size_t n, const struct limits *limits, struct request *out,
			 struct request_fault *fault)
{
	assert((unsigned)command < CMD_COUNT);
	begin(out, command, fault);
	if (!check_length("body", n, limits, fault))
		return false;
	if (n > 0) {
		out->json = json_check_parse(bytes, n, JSON_SCOPE_DATA, limits->json_depth, fault);
		if (out->json == NULL)
			return false;
	}
	return decode_fields(out->json, limits, out, fault);
}

void request_peek_ref(const uint8_t *bytes, size_t n, struct request *out)
{
	struct request_fault ignored;

	begin(out, CMD_COUNT, &ignored);
	find_ref(bytes, n, out);
}

void request_finish(struct request *r)
{
	if (r->command < CMD_COUNT)
		request_fields_free(request_fields_of(r->command), &r->data);
	json_decref(r->json);
	*r = (struct request){.command = CMD_COUNT};
}
