/* A template (a line), then the JSON whose values it takes. */
#include "codec/json_check.h"
#include "codec/text_clean.h"
#include "hook/adapter.h"
#include "hook/hook_template.h"
#include "hook/hook_text.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *end = n > 0 ? memchr(data, '\n', n) : NULL;
	struct request_fault fault;
	auto_buf out = BUF_INIT;

	if (end == NULL)
		return 0;
	struct text template_text = {.s = (const char *)data, .n = (size_t)(end - data)};
	json_auto_t *root = json_check_parse(end + 1, n - template_text.n - 1, JSON_SCOPE_FRAME, HOOK_JSON_DEPTH_MAX, &fault);
	if (root == NULL || !text_is_utf8(template_text.s, template_text.n))
		return 0;
	hook_template_append(&out, template_text, root, hook_text_line);
	assert(text_is_utf8(hook_text_of(&out).s, out.len));
	/* It stops at the bound; one value may pass it by what one value can be. */
	assert(out.len <= 4 * HOOK_TEXT_BYTES_MAX);
	return 0;
}
