#include "command/hook/hook_answer.h"

#include "codec/event_encode.h"
#include "store/person.h"

#include <errno.h>
#include <string.h>

enum { DATE_CHARS = 10 };
static const int64_t DAY_MS = (int64_t)24 * 60 * 60 * 1000;

void hook_token_make(struct hook_token *token, uint8_t hash[SECRET_HASH_BYTES])
{
	secret_token(token->text);
	secret_token_hash(token->text, SECRET_TOKEN_CHARS, hash);
}

void hook_encode_url(struct buf *b, const struct hook_token *token)
{
	buf_append_str(b, "\"url\":\"/hooks/");
	buf_append_str(b, token->text);
	buf_append_byte(b, '"');
}

static void append_string(struct buf *b, const char *member, const char *value)
{
	buf_append_str(b, member);
	buf_append_json_string(b, value, strlen(value));
}

static void encode_words(struct buf *b, const char *words)
{
	buf_append_str(b, ",\"words\":[");
	for (const char *at = words; *at;) {
		size_t n = strcspn(at, " ");
		if (at != words)
			buf_append_byte(b, ',');
		buf_append_json_string(b, at, n);
		at += n;
		at += *at == ' ';
	}
	buf_append_byte(b, ']');
}

static void encode_ask(struct buf *b, const struct store_hook_ask *ask)
{
	append_string(b, ",\"asks\":{\"url\":", ask->url);
	if (ask->command)
		append_string(b, ",\"command\":", ask->command);
	if (ask->words)
		encode_words(b, ask->words);
	if (*ask->hint)
		append_string(b, ",\"hint\":", ask->hint);
	if (*ask->description)
		append_string(b, ",\"description\":", ask->description);
	buf_append_str(b, ask->hears_hooks ? ",\"hooks\":true}" : ",\"hooks\":false}");
}

void hook_encode(struct buf *b, const struct store_hook *hook)
{
	char id[UID_TEXT_BYTES + 1], time[TIMESTAMP_BYTES + 1];
	uid_format(&hook->account.id, id);
	append_string(b, "{\"id\":", id);
	append_string(b, ",\"name\":", hook->account.name);
	append_string(b, ",\"adapter\":", hook->adapter);
	if (hook->template_text)
		append_string(b, ",\"template\":", hook->template_text);
	buf_append_str(b, hook->secret ? ",\"signed\":true" : ",\"signed\":false");
	if (hook->ask.url)
		encode_ask(b, &hook->ask);
	timestamp_format(hook->created_ms, time);
	append_string(b, ",\"created\":", time);
	if (hook->made.no) {
		buf_append_str(b, ",\"by\":");
		person_encode(b, &hook->made.id, hook->made.name, hook->made.kind);
	}
	if (hook->used_day > 0) {
		timestamp_format(hook->used_day * DAY_MS, time);
		time[DATE_CHARS] = '\0';
		append_string(b, ",\"used\":", time);
	}
	buf_append_byte(b, '}');
}

bool hook_change_failed(const struct wait *w)
{
	if (w->result == -EACCES)
		answer_error(&w->answer, WIRE_FORBIDDEN, "only the owner of its room may do this, or the server's", 0);
	else
		return wait_failed_field(w, "hook", "there is no such hook, or you may not see it");
	return true;
}
