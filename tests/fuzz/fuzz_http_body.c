/*
 * Bodies of POST /api/v1/TYPE under limits that an operator changed: a byte of limits, the type, a newline,
 * the body.
 */
#include "request_check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Each bit takes away or tightens one limit. */
static struct limits limits_of(uint8_t bits)
{
	struct limits limits = limits_default();

	limits.frame_bytes = bits & 1 ? 0 : bits & 2 ? 64 : 4096;
	limits.json_depth = bits & 4 ? 0 : 1 + (bits >> 5);
	limits.text_bytes = limits.name_bytes = limits.topic_bytes = bits & 8 ? 0 : 16;
	limits.signal_bytes = limits.password_bytes = limits.user_rooms = limits.page_events = bits & 16 ? 0 : 10;
	return limits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	const struct limits limits = limits_of(data[0]);
	const uint8_t *type = data + 1, *end = memchr(type, '\n', n - 1);
	struct request request;
	struct request_fault fault;

	if (end == NULL)
		return 0;
	enum command command = command_by_type((const char *)type, (size_t)(end - type));
	if (command == CMD_COUNT)
		return 0;
	bool ok = request_decode_data(command, end + 1, n - (size_t)(end + 1 - data), &limits, &request, &fault);
	request_check(ok, &request, &fault, &limits);
	return 0;
}
