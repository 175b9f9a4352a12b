#include "request_fault.h"

#include <stdarg.h>
#include <stdio.h>

bool request_fault_set(struct request_fault *fault, enum wire_error code, const char *format, ...)
{
	va_list args;

	fault->code = code;
	va_start(args, format);
	vsnprintf(fault->message, sizeof(fault->message), format, args);
	va_end(args);
	return false;
}

void request_fault_quote(char *out, size_t size, const void *bytes, size_t n)
{
	const char *s = bytes;
	size_t at = 0;

	for (; at + 1 < size && at < n; at++)
		out[at] = s[at] < 0x20 || s[at] > 0x7E ? '?' : s[at] == '"' ? '\'' : s[at];
	out[at] = '\0';
}
