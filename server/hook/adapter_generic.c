/*
 * Any JSON, shown by the template of the hook. Without one: what most tools call their title and their text. Values are put in as they are, so that a service
 * can send Markdown.
 */
#include "hook/adapter.h"
#include "hook/hook_template.h"
#include "hook/hook_text.h"
#include "hook/hook_value.h"

static void write_as_is(struct buf *out, struct text value)
{
	buf_append(out, value.s, value.n);
}

/* A title, and the first of these that has a text. */
static void append_usual(struct buf *out, const json_t *root)
{
	static const char *const names[] = {"text", "message", "body", "content"};
	auto_buf title = BUF_INIT, marked = BUF_INIT;
	struct text value = {.s = ""};

	hook_text_line(&title, hook_value_string(root, "title"));
	hook_text_marked(&marked, hook_text_of(&title), "**");
	hook_text_part(out, hook_text_of(&marked));
	for (size_t i = 0; i < sizeof names / sizeof names[0] && value.n == 0; i++)
		value = hook_value_string(root, names[i]);
	hook_text_part(out, value);
}

enum hook_result adapter_generic_read(const json_t *root, const struct hook_input *in, struct hook_post *out)
{
	if (in->template_text.s != NULL && in->template_text.n > 0)
		hook_template_append(&out->text, in->template_text, root, write_as_is);
	else
		append_usual(&out->text, root);
	return out->text.len > 0 ? HOOK_POST : HOOK_NO_TEXT;
}
