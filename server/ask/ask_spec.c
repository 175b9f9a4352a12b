#include "ask/ask_spec.h"

#include "base/memory.h"
#include "codec/text_clean.h"
#include "webhook/webhook_wanted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	const struct webhook_policy *policy;
	struct asker_given *out;
	char *fault;
};

static bool refuse(const struct reading *r, const char *member, const char *what)
{
	snprintf(r->fault, ASKER_FAULT_BYTES, "data.asks: %s%s", member, what);
	return false;
}

/* A text without NUL in it; NULL: it is none. */
static const char *text_of(const json_t *value)
{
	const char *text = json_string_value(value);
	return text && strlen(text) == json_string_length(value) ? text : NULL;
}

static bool read_url(const struct reading *r, const json_t *value)
{
	char host[WEBHOOK_HOST_BYTES];
	const char *url = text_of(value), *fault = url ? webhook_url_check(r->policy, url, host) : "is not a text";
	if (fault)
		return refuse(r, "the url ", fault);
	buf_append_str(&r->out->url, url);
	return true;
}

static bool read_command(const struct reading *r, const json_t *value)
{
	const char *name = text_of(value);
	if (name && *name == '/')
		name++;
	size_t n = name ? strlen(name) : 0;
	bool begins = n && *name >= 'a' && *name <= 'z';
	if (!begins || n > ASK_COMMAND_BYTES_MAX || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != n)
		return refuse(r, "command: ", "must be a small letter, then at most 31 small letters, digits, - and _");
	buf_append(&r->out->command, name, n);
	return true;
}

static bool read_words(const struct reading *r, const json_t *value)
{
	size_t n = json_array_size(value);
	for (size_t i = 0; i < n; i++) {
		const char *word = text_of(json_array_get(value, i));
		auto_buf clean = BUF_INIT;
		if (word)
			text_clean_message(word, strlen(word), &clean);
		bool is_word =
			word && clean.len && clean.len == strlen(word) && clean.len <= ASK_WORD_BYTES_MAX && !strpbrk(word, " \t\r\n");
		if (!is_word || n > ASK_WORDS_MAX)
			return refuse(r, "words: ", "must be an array of at most 10 words of at most 64 bytes without white space");
		if (i)
			buf_append_byte(&r->out->words, ' ');
		buf_append(&r->out->words, clean.data, clean.len);
	}
	return n ? true : refuse(r, "words: ", "must be an array of words, with one at least");
}

static bool read_headers(const struct reading *r, const json_t *value)
{
	char fault[WEBHOOK_WANTED_FAULT_BYTES];
	if (!webhook_headers_good(value, fault))
		return refuse(r, "headers: ", fault);
	auto_free char *json = json_dumps(value, JSON_COMPACT);
	buf_append_str(&r->out->headers, json);
	return true;
}

static bool read_ca(const struct reading *r, const json_t *value)
{
	const char *fault = webhook_ca_check(json_string_value(value) ? json_string_value(value) : "", json_string_length(value));
	if (fault)
		return refuse(r, "ca: ", fault);
	buf_append_str(&r->out->ca, json_string_value(value));
	return true;
}

static bool read_line(const struct reading *r, const char *member, const json_t *value, size_t most, struct buf *out)
{
	const char *text = text_of(value);
	if (text)
		text_clean_message(text, strlen(text), out);
	bool is_line = text && out->len <= most && (!out->len || !memchr(out->data, '\n', out->len));
	return is_line ? true : refuse(r, member, "must be a short line of text");
}

static bool read_hint(const struct reading *r, const json_t *value)
{
	return read_line(r, "hint: ", value, ASK_HINT_BYTES_MAX, &r->out->hint);
}

static bool read_description(const struct reading *r, const json_t *value)
{
	return read_line(r, "description: ", value, ASK_DESCRIPTION_BYTES_MAX, &r->out->description);
}

static bool read_hooks(const struct reading *r, const json_t *value)
{
	r->out->hears_hooks = json_is_true(value);
	return json_is_boolean(value) ? true : refuse(r, "hooks: ", "must be true or false");
}

static const struct {
	const char *name;
	bool (*read)(const struct reading *r, const json_t *value);
} members[] = {
	{"url", read_url}, {"command", read_command}, {"words", read_words}, {"headers", read_headers},
	{"ca", read_ca},   {"hint", read_hint},       {"hooks", read_hooks}, {"description", read_description},
};

static bool read_member(const struct reading *r, const char *name, const json_t *value)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strcmp(members[i].name, name) == 0)
			return members[i].read(r, value);
	}
	return refuse(r, "", "there are url, command, words, hooks, headers, ca, hint and description");
}

bool ask_spec_read(const struct webhook_policy *policy, const json_t *json, struct asker_given *out, char fault[ASKER_FAULT_BYTES])
{
	const struct reading r = {policy, out, fault};
	const char *name;
	json_t *value;
	if (!json_is_object(json))
		return refuse(&r, "", "must be an object");
	json_object_foreach((json_t *)(uintptr_t)json, name, value) {
		if (!read_member(&r, name, value))
			return false;
	}
	if (!out->url.len)
		return refuse(&r, "", "url is missing");
	if (!out->command.len && !out->words.len)
		return refuse(&r, "", "there must be a command or words");
	return true;
}
