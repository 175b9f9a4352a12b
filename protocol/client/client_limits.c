#include "client/client_limits.h"

#include "codec/json_check.h"
#include "codec/request_fault.h"

#include <inttypes.h>

static uint64_t number(const json_t *limits, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(limits, name));

	return value > 0 ? (uint64_t)value : 0;
}

void client_limits_take(struct client_limits *limits, const json_t *hello)
{
	const json_t *told = json_object_get(hello, "limits");

	limits->frame_bytes = number(told, "frame_bytes");
	limits->json_depth = number(told, "json_depth");
}

bool client_limits_allow(const struct client_limits *limits, const char *frame, size_t n, struct request_fault *fault)
{
	if (limits->frame_bytes > 0 && n > limits->frame_bytes)
		return request_fault_set(fault, WIRE_TOO_LARGE, "the request has %zu bytes; the limit (frame_bytes) is %" PRIu64, n,
					 limits->frame_bytes);
	json_auto_t *read = json_check_parse((const uint8_t *)frame, n, JSON_SCOPE_FRAME, limits->json_depth, fault);
	return read != NULL;
}
