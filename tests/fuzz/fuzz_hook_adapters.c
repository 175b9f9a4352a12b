/*
 * Posts to incoming webhooks: a byte that chooses the adapter (its digit) and, with the highest bit, that it may mention; the event and the template, a line
 * each; the body.
 */
#include "codec/text_clean.h"
#include "hook/adapter.h"
#include "hook/hook_text.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct text take_line(struct text *rest)
{
	const char *end = memchr(rest->s, '\n', rest->n);
	struct text line = {.s = rest->s, .n = end ? (size_t)(end - rest->s) : rest->n};
	size_t used = line.n + (end ? 1 : 0);

	*rest = (struct text){.s = rest->s + used, .n = rest->n - used};
	return line;
}

static void check_clean(const struct buf *part, size_t most)
{
	auto_buf again = BUF_INIT;
	struct text text = hook_text_of(part);

	assert(text.n <= most && text_is_utf8(text.s, text.n));
	assert(text_clean_message(text.s, text.n, &again) == text.n);
}

static void check(enum hook_result result, const struct hook_post *post)
{
	assert((result == HOOK_POST) == (post->text.len > 0));
	assert(result == HOOK_POST || (post->name.len == 0 && post->icon.len == 0));
	check_clean(&post->text, HOOK_TEXT_BYTES_MAX);
	check_clean(&post->name, HOOK_NAME_BYTES_MAX);
	check_clean(&post->icon, HOOK_ICON_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const names[] = {"slack", "github", "gitlab", "alertmanager", "discord", "generic"};
	struct hook_post post = {0};

	if (n == 0)
		return 0;
	struct text rest = {.s = (const char *)data + 1, .n = n - 1};
	struct hook_input in = {.may_mention = data[0] & 0x80, .event = take_line(&rest), .template_text = take_line(&rest)};
	in.body = rest;
	/* What comes here is UTF-8: the event is part of a head, the template was checked when it was kept. */
	if (!text_is_utf8(in.event.s, in.event.n) || !text_is_utf8(in.template_text.s, in.template_text.n))
		return 0;
	const struct adapter *adapter = adapter_find(names[(data[0] & 0x7F) % (sizeof names / sizeof names[0])]);
	check(adapter_read(adapter, &in, &post), &post);
	hook_post_finish(&post);
	return 0;
}
