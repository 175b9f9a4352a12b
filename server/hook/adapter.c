#include "hook/adapter.h"

#include "codec/json_check.h"
#include "codec/text_clean.h"
#include "hook/hook_mentions.h"
#include "hook/hook_text.h"

#include <string.h>

static const struct adapter adapters[] = {
	{"slack", adapter_slack_read},     {"github", adapter_github_read},
	{"gitlab", adapter_gitlab_read},   {"alertmanager", adapter_alertmanager_read},
	{"discord", adapter_discord_read}, {"generic", adapter_generic_read},
};

const struct adapter *adapter_find(const char *name)
{
	for (size_t i = 0; i < sizeof adapters / sizeof adapters[0]; i++)
		if (strcmp(adapters[i].name, name) == 0)
			return &adapters[i];
	return NULL;
}

json_t *adapter_parse(struct text body)
{
	struct request_fault fault;
	/* Some shells' tools begin what they send with a byte-order mark. */
	size_t skip = body.n >= 3 && memcmp(body.s, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

	return json_check_parse((const uint8_t *)body.s + skip, body.n - skip, JSON_SCOPE_FRAME, HOOK_JSON_DEPTH_MAX, &fault);
}

/* A text without what surrounds it, clean, and silent where it has to be. */
static void finish_text(struct buf *text, const struct hook_input *in)
{
	auto_buf clean = BUF_INIT, quiet = BUF_INIT;
	bool is_cut_more = in->text_bytes > 0 && in->text_bytes < HOOK_TEXT_BYTES_MAX;

	text_clean_message((const char *)text->data, text->len, &clean);
	struct text said = hook_text_trimmed(hook_text_of(&clean));
	if (!in->may_mention) {
		hook_mentions_silence(&quiet, said, is_cut_more ? in->text_bytes : HOOK_TEXT_BYTES_MAX);
		said = hook_text_of(&quiet);
	}
	buf_clear(text);
	buf_append(text, said.s, hook_text_cut(said.s, said.n, HOOK_TEXT_BYTES_MAX));
}

static void finish_name(struct buf *name)
{
	auto_buf shown = BUF_INIT, key = BUF_INIT;
	struct text asked = hook_text_trimmed(hook_text_of(name));

	asked.n = hook_text_cut(asked.s, asked.n, HOOK_NAME_BYTES_MAX);
	text_clean_name(asked.s, asked.n, HOOK_NAME_BYTES_MAX, &shown, &key);
	buf_clear(name);
	buf_append(name, shown.data, shown.len);
}

static bool is_icon_word(struct text t)
{
	return t.n > 2 && t.s[0] == ':' && t.s[t.n - 1] == ':' && strspn(t.s + 1, "abcdefghijklmnopqrstuvwxyz0123456789_+-") == t.n - 2;
}

static void finish_icon(struct buf *icon)
{
	buf_append_byte(icon, '\0');
	icon->len--;
	struct text asked = hook_text_of(icon);
	if (asked.n > HOOK_ICON_BYTES_MAX || !(is_icon_word(asked) || hook_text_is_address(asked)))
		buf_clear(icon);
}

enum hook_result adapter_read(const struct adapter *adapter, const struct hook_input *in, struct hook_post *out)
{
	json_auto_t *root = adapter_parse(in->body);
	return root ? adapter_read_parsed(adapter, root, in, out) : HOOK_INVALID_PAYLOAD;
}

enum hook_result adapter_read_parsed(const struct adapter *adapter, const json_t *root, const struct hook_input *in, struct hook_post *out)
{
	enum hook_result result = adapter->read(root, in, out);

	if (result == HOOK_POST) {
		finish_text(&out->text, in);
		finish_name(&out->name);
		finish_icon(&out->icon);
		if (out->text.len == 0)
			result = HOOK_NO_TEXT;
	}
	if (result != HOOK_POST)
		hook_post_finish(out);
	return result;
}

void hook_post_finish(struct hook_post *post)
{
	buf_finish(&post->text);
	buf_finish(&post->name);
	buf_finish(&post->icon);
}
