#include "event_check.h"

#include "json_check.h"
#include "json_valid.h"

#include <string.h>

bool event_check(const void *json, size_t n, enum event_type type, const struct uid *id, int64_t timestamp_ms, const struct uid *room,
		 uint64_t seq)
{
	auto_buf head = BUF_INIT;
	struct request_fault fault;

	event_encode(&head, type, id, timestamp_ms, room, seq, "", 0);
	size_t head_bytes = head.len - 1; /* without the closing brace */
	const uint8_t *bytes = json;
	if (n <= head_bytes + 1 || memcmp(bytes, head.data, head_bytes) != 0 || bytes[n - 1] != '}' || bytes[head_bytes] != '{')
		return false;
	if (json_valid_object(bytes + head_bytes, n - head_bytes - 1, JSON_CHECK_DEPTH_MAX - 1))
		return true;
	json_t *data = json_check_parse(bytes + head_bytes, n - head_bytes - 1, JSON_SCOPE_DATA, 0, &fault);
	json_decref(data);
	return data != NULL;
}
