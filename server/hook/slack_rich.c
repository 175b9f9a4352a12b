#include "hook/slack_rich.h"

#include "hook/hook_text.h"
#include "hook/hook_value.h"

#include <string.h>

enum { INDENT_MAX = 8 };

static void append_reference(struct buf *out, const json_t *leaf, const char *before, const char *member, const char *behind)
{
	buf_append_str(out, before);
	hook_text_line(out, hook_value_string(leaf, member));
	buf_append_str(out, behind);
}

/* Without its style. */
static void append_bare(struct buf *out, const json_t *leaf)
{
	if (hook_value_is(leaf, "type", "text")) {
		hook_text_literal(out, hook_value_string(leaf, "text"));
	} else if (hook_value_is(leaf, "type", "link")) {
		auto_buf label = BUF_INIT;

		hook_text_literal(&label, hook_value_string(leaf, "text"));
		hook_text_link(out, hook_text_of(&label), hook_value_string(leaf, "url"));
	} else if (hook_value_is(leaf, "type", "emoji")) {
		append_reference(out, leaf, ":", "name", ":");
	} else if (hook_value_is(leaf, "type", "user")) {
		append_reference(out, leaf, "@", "user_id", "");
	} else if (hook_value_is(leaf, "type", "usergroup")) {
		append_reference(out, leaf, "@", "usergroup_id", "");
	} else if (hook_value_is(leaf, "type", "channel")) {
		append_reference(out, leaf, "#", "channel_id", "");
	} else if (hook_value_is(leaf, "type", "broadcast")) {
		append_reference(out, leaf, "@", "range", "");
	} else if (hook_value_is(leaf, "type", "date")) {
		append_reference(out, leaf, "", "fallback", "");
	} else if (hook_value_is(leaf, "type", "color")) {
		append_reference(out, leaf, "", "value", "");
	}
}

static void append_leaf(struct buf *out, const json_t *leaf)
{
	static const char *const styles[][2] = {{"style.italic", "*"}, {"style.bold", "**"}, {"style.strike", "~~"}};
	auto_buf shown = BUF_INIT;

	if (hook_value_is_true(leaf, "style.code")) {
		hook_text_code(out, hook_value_string(leaf, "text"));
		return;
	}
	append_bare(&shown, leaf);
	for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
		auto_buf marked = BUF_INIT;

		if (!hook_value_is_true(leaf, styles[i][0]))
			continue;
		hook_text_marked(&marked, hook_text_of(&shown), styles[i][1]);
		buf_clear(&shown);
		buf_append(&shown, marked.data, marked.len);
	}
	buf_append(out, shown.data, shown.len);
}

static void append_leaves(struct buf *out, const json_t *element)
{
	const json_t *leaf;
	size_t i;

	json_array_foreach(hook_value_at(element, "elements"), i, leaf)
		append_leaf(out, leaf);
}

static void append_list(struct buf *out, const json_t *list)
{
	bool is_numbered = hook_value_is(list, "style", "ordered");
	json_int_t offset = json_integer_value(hook_value_at(list, "offset")), indent = json_integer_value(hook_value_at(list, "indent"));
	const json_t *item;
	size_t i;

	json_array_foreach(hook_value_at(list, "elements"), i, item) {
		hook_text_break(out);
		for (json_int_t k = 0; k < indent && k < INDENT_MAX; k++)
			buf_append_str(out, "  ");
		if (is_numbered)
			buf_appendf(out, "%llu. ", (unsigned long long)i + 1 + (offset > 0 ? (unsigned long long)offset : 0));
		else
			buf_append_str(out, "• ");
		append_leaves(out, item);
	}
}

static void append_quote(struct buf *out, struct text t)
{
	buf_append_str(out, "> ");
	for (size_t i = 0; i < t.n; i++) {
		buf_append_byte(out, (uint8_t)t.s[i]);
		if (t.s[i] == '\n' && i + 1 < t.n)
			buf_append_str(out, "> ");
	}
}

/* Code has no links and no marks. */
static void append_preformatted(struct buf *out, const json_t *element)
{
	auto_buf code = BUF_INIT;
	const json_t *leaf;
	size_t i;

	json_array_foreach(hook_value_at(element, "elements"), i, leaf) {
		struct text text = hook_value_string(leaf, hook_value_is(leaf, "type", "link") ? "url" : "text");

		buf_append(&code, text.s, text.n);
	}
	hook_text_code(out, hook_text_of(&code));
}

void slack_rich_append(struct buf *out, const json_t *block)
{
	const json_t *element;
	size_t i;

	json_array_foreach(hook_value_at(block, "elements"), i, element) {
		auto_buf shown = BUF_INIT;

		hook_text_break(out);
		if (hook_value_is(element, "type", "rich_text_list")) {
			append_list(&shown, element);
		} else if (hook_value_is(element, "type", "rich_text_preformatted")) {
			append_preformatted(&shown, element);
		} else {
			append_leaves(&shown, element);
		}
		if (hook_value_is(element, "type", "rich_text_quote"))
			append_quote(out, hook_text_of(&shown));
		else
			buf_append(out, shown.data, shown.len);
	}
}
