/* Texts of others: whatever they hold, they stay UTF-8, what is no markup becomes none, and nobody is mentioned. */
#include "codec/text_clean.h"
#include "hook/discord_markup.h"
#include "hook/hook_mentions.h"
#include "hook/hook_text.h"
#include "hook/slack_markup.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define THIN_SPACE "\xE2\x80\x8A"

static bool has(const struct buf *b, char c)
{
	return b->len > 0 && memchr(b->data, c, b->len) != NULL;
}

/* Where there is neither code nor an address, each @ stands in a word or before a thin space. */
static void check_quiet(const struct buf *b)
{
	bool may_stay = has(b, '`') || (b->len > 0 && memmem(b->data, b->len, "://", 3));

	for (size_t i = 0; i < b->len && !may_stay; i++) {
		bool is_in_word = i > 0 && (isalnum(b->data[i - 1]) || b->data[i - 1] == '_');

		if (b->data[i] == '@' && !is_in_word)
			assert(b->len - i > 3 && memcmp(b->data + i + 1, THIN_SPACE, 3) == 0);
	}
}

static void check(const struct buf *made)
{
	auto_buf quiet = BUF_INIT;
	struct text text = hook_text_of(made);

	assert(text_is_utf8(text.s, text.n));
	hook_mentions_silence(&quiet, text, SIZE_MAX);
	assert(text_is_utf8(hook_text_of(&quiet).s, quiet.len));
	check_quiet(&quiet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct text text = {.s = n > 0 ? (const char *)data : "", .n = n};
	auto_buf marked = BUF_INIT, plain = BUF_INIT, discord = BUF_INIT, literal = BUF_INIT, line = BUF_INIT;

	if (!text_is_utf8(text.s, text.n))
		return 0;
	slack_markup_append(&marked, text);
	slack_plain_append(&plain, text);
	discord_markup_append(&discord, text);
	hook_text_literal(&literal, text);
	hook_text_line(&line, text);
	check(&marked);
	check(&plain);
	check(&discord);
	check(&literal);
	check(&line);
	assert(!has(&plain, '*') && !has(&plain, '`') && !has(&literal, '*') && !has(&literal, '`'));
	assert(!has(&line, '*') && !has(&line, '`') && !has(&line, '\n'));
	return 0;
}
