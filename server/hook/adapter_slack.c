/*
 * Slack's incoming webhooks and the body of chat.postMessage: blocks, or the text where they show nothing, as Slack does; then attachments. `channel` is
 * ignored: a hook has its room.
 */
#include "hook/adapter.h"
#include "hook/hook_text.h"
#include "hook/hook_value.h"
#include "hook/slack_blocks.h"
#include "hook/slack_markup.h"

#include <string.h>

static void append_markup(struct buf *out, const json_t *attachment, const char *member)
{
	auto_buf part = BUF_INIT;

	slack_markup_append(&part, hook_value_string(attachment, member));
	hook_text_part(out, hook_text_of(&part));
}

static void append_plain(struct buf *out, const json_t *attachment, const char *member)
{
	auto_buf part = BUF_INIT;

	slack_plain_append(&part, hook_value_string(attachment, member));
	hook_text_part(out, hook_text_of(&part));
}

static void append_title(struct buf *out, const json_t *attachment)
{
	auto_buf words = BUF_INIT, label = BUF_INIT, part = BUF_INIT;

	slack_plain_append(&words, hook_value_string(attachment, "title"));
	hook_text_marked(&label, hook_text_of(&words), "**");
	hook_text_link(&part, hook_text_of(&label), hook_value_string(attachment, "title_link"));
	hook_text_part(out, hook_text_of(&part));
}

static void append_field(struct buf *out, const json_t *field)
{
	auto_buf title = BUF_INIT, raw = BUF_INIT, value = BUF_INIT, part = BUF_INIT;

	slack_plain_append(&title, hook_value_string(field, "title"));
	hook_value_append(&raw, hook_value_at(field, "value"), HOOK_TEXT_BYTES_MAX);
	slack_markup_append(&value, hook_text_of(&raw));
	struct text name = hook_text_trimmed(hook_text_of(&title)), said = hook_text_trimmed(hook_text_of(&value));
	buf_append(&part, name.s, name.n);
	if (name.n > 0 && said.n > 0)
		buf_append_str(&part, name.s[name.n - 1] == ':' ? " " : ": ");
	buf_append(&part, said.s, said.n);
	hook_text_part(out, hook_text_of(&part));
}

static void append_attachment(struct buf *out, const json_t *attachment)
{
	auto_buf shown = BUF_INIT, blocks = BUF_INIT;
	const json_t *field;
	size_t i;

	append_markup(&shown, attachment, "pretext");
	append_plain(&shown, attachment, "author_name");
	append_title(&shown, attachment);
	append_markup(&shown, attachment, "text");
	json_array_foreach(hook_value_at(attachment, "fields"), i, field)
		append_field(&shown, field);
	slack_blocks_append(&blocks, hook_value_at(attachment, "blocks"));
	hook_text_part(&shown, hook_text_of(&blocks));
	append_plain(&shown, attachment, "footer");
	if (shown.len == 0)
		append_plain(&shown, attachment, "fallback");
	if (shown.len == 0)
		append_plain(&shown, attachment, "image_url");
	hook_text_part(out, hook_text_of(&shown));
}

static bool wants_marks(const json_t *root)
{
	const json_t *mrkdwn = hook_value_at(root, "mrkdwn");

	return mrkdwn == NULL || json_is_null(mrkdwn) || hook_value_is_true(root, "mrkdwn");
}

static void copy(struct buf *out, struct text t)
{
	buf_append(out, t.s, t.n);
}

/* Whether a part begins with a line that says the same, but for marks. */
static bool says_first(const struct buf *part, const struct buf *said)
{
	struct text whole = hook_text_of(part), words = hook_text_trimmed(hook_text_of(said));
	const char *end = memchr(whole.s, '\n', whole.n);
	struct text line = {.s = whole.s, .n = end ? (size_t)(end - whole.s) : whole.n};

	while (line.n >= 2 && line.s[0] == '*' && line.s[line.n - 1] == '*')
		line = (struct text){.s = line.s + 1, .n = line.n - 2};
	return words.n > 0 && line.n == words.n && memcmp(line.s, words.s, line.n) == 0;
}

enum hook_result adapter_slack_read(const json_t *root, const struct hook_input *in, struct hook_post *out)
{
	struct text icon = hook_value_string(root, "icon_emoji");
	auto_buf blocks = BUF_INIT, attachments = BUF_INIT;
	const json_t *attachment;
	size_t i;

	(void)in;
	slack_blocks_append(&blocks, hook_value_at(root, "blocks"));
	hook_text_part(&out->text, hook_text_of(&blocks));
	if (out->text.len == 0 && wants_marks(root))
		append_markup(&out->text, root, "text");
	else if (out->text.len == 0)
		append_plain(&out->text, root, "text");
	json_array_foreach(hook_value_at(root, "attachments"), i, attachment)
		append_attachment(&attachments, attachment);
	/* Some say their title as the text, too, for clients that show no attachments. */
	if (says_first(&attachments, &out->text))
		buf_clear(&out->text);
	hook_text_part(&out->text, hook_text_of(&attachments));
	copy(&out->name, hook_value_string(root, "username"));
	copy(&out->icon, icon.n > 0 ? icon : hook_value_string(root, "icon_url"));
	return out->text.len > 0 ? HOOK_POST : HOOK_NO_TEXT;
}
