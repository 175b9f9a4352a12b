/*
 * Reads replies and gaps, and makes client_ids.
 */
#include "client/parley_client.h"

#include "codec/uid.h"

#include <string.h>

enum { RETRY_MS = 500, RETRY_MOST_MS = 3600000 }; /* RETRY_MS counts when the server tells no time, or one beyond RETRY_MOST_MS */

bool parley_reply_ok(const json_t *reply)
{
	const char *type = json_string_value(json_object_get(reply, "type"));

	return type != NULL && strcmp(type, "ok") == 0;
}

json_t *parley_reply_data(const json_t *reply)
{
	return json_object_get(reply, "data");
}

const char *parley_reply_code(const json_t *reply)
{
	const char *code = json_string_value(json_object_get(parley_reply_data(reply), "code"));

	return code == NULL ? "" : code;
}

const char *parley_reply_message(const json_t *reply)
{
	const char *message = json_string_value(json_object_get(parley_reply_data(reply), "message"));

	return message == NULL ? "" : message;
}

bool parley_reply_retry(const json_t *reply, uint32_t *after_ms)
{
	const json_t *data = parley_reply_data(reply);
	json_int_t told = json_integer_value(json_object_get(data, "retry_after_ms"));

	*after_ms = told > 0 && told < RETRY_MOST_MS ? (uint32_t)told : RETRY_MS;
	return !parley_reply_ok(reply) && json_is_true(json_object_get(data, "retryable")) &&
	       strcmp(parley_reply_code(reply), "connection_lost") != 0;
}

bool parley_gap_is_void(const struct parley_event *gap)
{
	const char *reason = json_string_value(json_object_get(json_object_get(gap->json, "data"), "reason"));

	return reason != NULL && (strcmp(reason, "beyond_end") == 0 || strcmp(reason, "restored") == 0);
}

json_t *parley_client_new_id(void)
{
	char text[UID_TEXT_BYTES + 1];
	struct uid id;

	uid_random(&id, 1);
	uid_format(&id, text);
	return json_string(text);
}
