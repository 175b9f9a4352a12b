#include "hook/slack_blocks.h"

#include "hook/hook_text.h"
#include "hook/hook_value.h"
#include "hook/slack_markup.h"
#include "hook/slack_rich.h"

#include <string.h>

/* A text object; some senders put a plain string there. */
static void append_text_object(struct buf *out, const json_t *object)
{
	struct text text = json_is_string(object) ? hook_value_text(object) : hook_value_string(object, "text");

	if (hook_value_is(object, "type", "plain_text"))
		slack_plain_append(out, text);
	else
		slack_markup_append(out, text);
}

static void append_section(struct buf *out, const json_t *block)
{
	const json_t *field;
	size_t i;

	append_text_object(out, hook_value_at(block, "text"));
	json_array_foreach(hook_value_at(block, "fields"), i, field) {
		hook_text_break(out);
		append_text_object(out, field);
	}
}

static void append_header(struct buf *out, const json_t *block)
{
	auto_buf words = BUF_INIT;

	slack_plain_append(&words, hook_value_string(block, "text.text"));
	hook_text_marked(out, hook_text_of(&words), "**");
}

static void append_labelled(struct buf *out, struct text label, struct text address)
{
	auto_buf words = BUF_INIT;

	slack_plain_append(&words, label);
	hook_text_link(out, hook_text_of(&words), address);
}

static void append_image(struct buf *out, const json_t *block)
{
	struct text title = hook_value_string(block, "title.text");

	append_labelled(out, title.n > 0 ? title : hook_value_string(block, "alt_text"), hook_value_string(block, "image_url"));
}

/* Small print: its images are icons, so their words are enough. */
static void append_context(struct buf *out, const json_t *block)
{
	const json_t *element;
	size_t i;

	json_array_foreach(hook_value_at(block, "elements"), i, element) {
		bool is_image = hook_value_is(element, "type", "image");
		auto_buf words = BUF_INIT;

		if (is_image)
			slack_plain_append(&words, hook_value_string(element, "alt_text"));
		else
			append_text_object(&words, element);
		if (words.len > 0 && out->len > 0)
			buf_append_byte(out, ' ');
		buf_append(out, words.data, words.len);
	}
}

/* A button can be pressed only where it is a link. */
static void append_actions(struct buf *out, const json_t *block)
{
	const json_t *element;
	size_t i;

	json_array_foreach(hook_value_at(block, "elements"), i, element) {
		struct text address = hook_value_string(element, "url");

		if (!hook_text_is_address(address))
			continue;
		if (out->len > 0)
			buf_append_str(out, " · ");
		append_labelled(out, hook_value_string(element, "text.text"), address);
	}
}

static void append_video(struct buf *out, const json_t *block)
{
	append_labelled(out, hook_value_string(block, "title.text"), hook_value_string(block, "title_url"));
}

/* Its text is Markdown already. */
static void append_markdown(struct buf *out, const json_t *block)
{
	struct text text = hook_value_string(block, "text");

	buf_append(out, text.s, text.n);
}

static const struct {
	const char *type;
	void (*append)(struct buf *out, const json_t *block);
} block_types[] = {
	{"section", append_section},      {"header", append_header},   {"context", append_context},   {"image", append_image},
	{"rich_text", slack_rich_append}, {"actions", append_actions}, {"markdown", append_markdown}, {"video", append_video},
};

void slack_blocks_append(struct buf *out, const json_t *blocks)
{
	const json_t *block;
	size_t i;

	json_array_foreach(blocks, i, block) {
		auto_buf shown = BUF_INIT;

		for (size_t k = 0; k < sizeof block_types / sizeof block_types[0]; k++)
			if (hook_value_is(block, "type", block_types[k].type))
				block_types[k].append(&shown, block);
		if (shown.len > 0)
			hook_text_break(out);
		buf_append(out, shown.data, shown.len);
	}
}
