#include "hook/hook_template.h"

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

/* Returns how many bytes stand at t together: a place for a value, whose path is then given, a brace that is written twice, or one byte. */
static size_t piece_at(struct text t, struct text *path)
{
	*path = (struct text){.s = NULL};
	if (t.n > 1 && (t.s[0] == '{' || t.s[0] == '}') && t.s[1] == t.s[0])
		return 2;
	const char *end = t.s[0] == '{' ? memchr(t.s, '}', t.n) : NULL;
	if (end == NULL)
		return 1;
	*path = (struct text){.s = t.s + 1, .n = (size_t)(end - t.s - 1)};
	return path->n + 2;
}

bool hook_template_is_closed(struct text t)
{
	struct text path;

	for (size_t i = 0, n; i < t.n; i += n) {
		n = piece_at((struct text){.s = t.s + i, .n = t.n - i}, &path);
		if (path.s == NULL && n == 1 && t.s[i] == '{')
			return false;
	}
	return true;
}

static size_t append_next(struct buf *out, struct text t, const json_t *root, hook_template_writer write)
{
	struct text path;
	size_t n = piece_at(t, &path);

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
