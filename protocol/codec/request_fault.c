#include "request_fault.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 4, 0))) static void fill(struct request_fault *fault, enum wire_error code, const char *field,
						       const char *format, va_list args)
{
	fault->code = code;
	fault->field = field;
	vsnprintf(fault->message, sizeof(fault->message), format, args);
}

bool request_fault_set(struct request_fault *fault, enum wire_error code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(fault, code, NULL, format, args);
	va_end(args);
	return false;
}

bool request_fault_of(struct request_fault *fault, enum wire_error code, const char *field, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(fault, code, field, format, args);
	va_end(args);
	return false;
}

bool request_fault_too_long(struct request_fault *fault, const char *field, const char *people_say, uint64_t n_bytes, uint64_t most_bytes)
{
	return request_fault_of(fault, WIRE_TOO_LARGE, field,
				"%s is too long: it has %" PRIu64 " bytes, and may have %" PRIu64 " (a letter takes one to four)",
				people_say, n_bytes, most_bytes);
}

void request_fault_quote(char *out, size_t size, const void *bytes, size_t n)
{
	const char *s = bytes;
	size_t at = 0;

	for (; at + 1 < size && at < n; at++)
		out[at] = s[at] < 0x20 || s[at] > 0x7E ? '?' : s[at] == '"' ? '\'' : s[at];
	out[at] = '\0';
}
