/*
 * Discord's "Execute Webhook": content and embeds. Its Markdown is nearly ours; what is in angle brackets and links with a label become words.
 */
#include "hook/adapter.h"
#include "hook/discord_markup.h"
#include "hook/hook_text.h"
#include "hook/hook_value.h"

static void append_markup(struct buf *out, const json_t *root, const char *path)
{
	auto_buf part = BUF_INIT;

	discord_markup_append(&part, hook_value_string(root, path));
	hook_text_part(out, hook_text_of(&part));
}

/* Words with an address of their own; no markup. */
static void append_named(struct buf *out, const json_t *embed, const char *name, const char *address, const char *mark)
{
	auto_buf words = BUF_INIT, label = BUF_INIT, part = BUF_INIT;

	hook_text_line(&words, hook_value_string(embed, name));
	hook_text_marked(&label, hook_text_of(&words), mark);
	hook_text_link(&part, hook_text_of(&label), hook_value_string(embed, address));
	hook_text_part(out, hook_text_of(&part));
}

static void append_field(struct buf *out, const json_t *field)
{
	auto_buf part = BUF_INIT;

	hook_text_line(&part, hook_value_string(field, "name"));
	if (part.len > 0)
		buf_append_str(&part, ": ");
	discord_markup_append(&part, hook_value_string(field, "value"));
	hook_text_part(out, hook_text_of(&part));
}

static void append_embed(struct buf *out, const json_t *embed)
{
	const json_t *field;
	size_t i;

	append_named(out, embed, "author.name", "author.url", "");
	append_named(out, embed, "title", "url", "**");
	append_markup(out, embed, "description");
	json_array_foreach(hook_value_at(embed, "fields"), i, field)
		append_field(out, field);
	append_named(out, embed, "image.description", "image.url", "");
	append_named(out, embed, "footer.text", "", "");
}

enum hook_result adapter_discord_read(const json_t *root, const struct hook_input *in, struct hook_post *out)
{
	struct text name = hook_value_string(root, "username"), icon = hook_value_string(root, "avatar_url");
	const json_t *embed;
	size_t i;

	(void)in;
	append_markup(&out->text, root, "content");
	json_array_foreach(hook_value_at(root, "embeds"), i, embed)
		append_embed(&out->text, embed);
	buf_append(&out->name, name.s, name.n);
	buf_append(&out->icon, icon.s, icon.n);
	return out->text.len > 0 ? HOOK_POST : HOOK_NO_TEXT;
}
