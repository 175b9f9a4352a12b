#include "webhook/webhook_wanted.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

bool webhook_headers_good(const json_t *headers, char fault[WEBHOOK_WANTED_FAULT_BYTES])
{
	const char *name;
	json_t *value;
	if (!json_is_object(headers) || json_object_size(headers) > WEBHOOK_HEADERS_MAX) {
		snprintf(fault, WEBHOOK_WANTED_FAULT_BYTES, "must be an object of at most %d texts", WEBHOOK_HEADERS_MAX);
		return false;
	}
	json_object_foreach((json_t *)(uintptr_t)headers, name, value) {
		bool is_text = json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
		const char *wrong = is_text ? webhook_header_check(name, json_string_value(value)) : "has a value that is not a text";
		if (wrong) {
			snprintf(fault, WEBHOOK_WANTED_FAULT_BYTES, "one of them %s", wrong);
			return false;
		}
	}
	return true;
}

size_t webhook_headers_of(const json_t *headers, struct webhook_header out[WEBHOOK_HEADERS_MAX])
{
	const char *name;
	json_t *value;
	size_t n = 0;
	json_object_foreach((json_t *)(uintptr_t)headers, name, value)
		if (n < WEBHOOK_HEADERS_MAX && json_is_string(value))
			out[n++] = (struct webhook_header){name, json_string_value(value)};
	return n;
}

const char *webhook_ca_check(const char *pem, size_t n)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	bool is_pem = !memchr(pem, '\0', n) && memmem(pem, n, begin, strlen(begin));
	return is_pem ? NULL : "must be certificates as PEM";
}
