/* The body of a post: its content type (a line; "-" is none), then its bytes. What is found lies in the body, or was decoded from it. */
#include "hook/hook_body.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *s = (const char *)data, *end = n > 0 ? memchr(s, '\n', n) : NULL;
	auto_buf made = BUF_INIT;

	if (end == NULL)
		return 0;
	struct text type = {.s = s, .n = (size_t)(end - s)};
	struct text body = {.s = end + 1, .n = n - type.n - 1};
	if (type.n == 1 && type.s[0] == '-')
		type = (struct text){0};
	struct text payload = hook_body_payload(type, body, &made);
	bool is_made = made.data != NULL && payload.s == (const char *)made.data;
	assert(payload.s == NULL || payload.n == 0 || (is_made && payload.n == made.len && payload.n <= body.n) ||
	       (payload.s >= body.s && payload.s + payload.n <= body.s + body.n));
	return 0;
}
