#include "hook/hook_template.h"

#include "codec/text_template.h"
#include "hook/adapter.h"
#include "hook/hook_text.h"
#include "hook/hook_value.h"

#include <string.h>

static void append_value(struct buf *out, struct text path, const json_t *root, hook_template_writer write)
{
	auto_buf value = BUF_INIT;

	hook_value_append(&value, hook_value_find(root, hook_text_trimmed(path)), HOOK_TEXT_BYTES_MAX);
	write(out, hook_text_of(&value));
}

static size_t append_next(struct buf *out, struct text t, const json_t *root, hook_template_writer write)
{
	struct text path;
	size_t n = text_template_piece(t, &path);

	if (path.s != NULL)
		append_value(out, path, root, write);
	else
		buf_append_byte(out, (uint8_t)t.s[0]);
	return n;
}

void hook_template_append(struct buf *out, struct text template_text, const json_t *root, hook_template_writer write)
{
	size_t from = out->len;

	for (size_t i = 0; i < template_text.n && out->len - from < HOOK_TEXT_BYTES_MAX;)
		i += append_next(out, (struct text){.s = template_text.s + i, .n = template_text.n - i}, root, write);
}

void hook_template_line(struct buf *out, const char *template_text, const json_t *root)
{
	hook_template_append(out, (struct text){.s = template_text, .n = strlen(template_text)}, root, hook_text_line);
}
