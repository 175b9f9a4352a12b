#include "hook/slack_api.h"

#include "hook/adapter.h"
#include "hook/hook_body.h"
#include "hook/hook_post.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECONDS_CHARS = 40, SEQ_DIGITS_MAX = 15 };

struct slack_method {
	const char *path;
	enum command command;
	bool says;             /* it has a text */
	bool names;            /* it has the ts of a message, which it changes */
	const char *forbidden; /* the word for a message that somebody else has to change */
};

static const struct slack_method methods[] = {
	{"/api/chat.postMessage", CMD_MESSAGE_SEND, true, false, "not_in_channel"},
	{"/api/chat.update", CMD_MESSAGE_EDIT, true, true, "cant_update_message"},
	{"/api/chat.delete", CMD_MESSAGE_DELETE, false, true, "cant_delete_message"},
};

const struct slack_method *slack_api_method(struct text path)
{
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (strlen(methods[i].path) == path.n && memcmp(methods[i].path, path.s, path.n) == 0)
			return &methods[i];
	return NULL;
}

void slack_call_free(struct slack_call *call)
{
	if (!call)
		return;
	buf_finish(&call->data);
	buf_finish(&call->token);
	buf_finish(&call->text);
	buf_finish(&call->ts);
	free(call);
}

/* ---- the request ---- */

/* A list that is a text; NULL: it is none. It is held to the same rules as a whole body. */
static json_t *read_list(const struct buf *text)
{
	auto_buf whole = BUF_INIT;
	buf_append_str(&whole, "{\"list\":");
	buf_append(&whole, text->data, text->len);
	buf_append_byte(&whole, '}');
	json_auto_t *root = adapter_parse((struct text){(const char *)whole.data, whole.len});
	return json_incref(json_object_get(root, "list"));
}

/* Lists come as texts in a form. */
static json_t *read_form(struct text body)
{
	static const char *const texts[] = {"token", "channel", "text", "username", "icon_emoji", "icon_url", "thread_ts", "ts"};
	static const char *const lists[] = {"blocks", "attachments"};
	json_t *root = json_object();
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		auto_buf value = BUF_INIT;
		if (hook_body_field(body, texts[i], &value))
			json_object_set_new(root, texts[i], json_stringn(value.data ? (const char *)value.data : "", value.len));
	}
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		auto_buf value = BUF_INIT;
		if (hook_body_field(body, lists[i], &value) && value.len > 0)
			json_object_set_new(root, lists[i], read_list(&value));
	}
	return root;
}

static struct text member(const json_t *root, const char *name)
{
	const json_t *value = json_object_get(root, name);
	return json_is_string(value) ? (struct text){json_string_value(value), json_string_length(value)} : (struct text){0};
}

/* The seq in a ts; 0: it is none of ours. */
static uint64_t seq_of(struct text ts)
{
	const char *point = ts.s ? memchr(ts.s, '.', ts.n) : NULL;
	size_t n = point ? strspn(point + 1, "0123456789") : 0;
	return n > 0 && n <= SEQ_DIGITS_MAX && point[1 + n] == '\0' ? strtoull(point + 1, NULL, 10) : 0;
}

static const char *read_text(const json_t *root, const struct limits *limits, struct buf *text)
{
	struct hook_post said = {0};
	enum hook_result result =
		adapter_read_parsed(adapter_find("slack"), root, &(struct hook_input){.text_bytes = limits->text_bytes}, &said);
	buf_append(text, said.text.data, said.text.len);
	hook_post_cut(text, limits->text_bytes, HOOK_CUT_MARK);
	hook_post_finish(&said);
	return result == HOOK_INVALID_PAYLOAD ? "invalid_json" : result == HOOK_POST ? NULL : "no_text";
}

static void keep(struct buf *out, struct text value)
{
	if (value.n > 0)
		buf_append(out, value.s, value.n);
}

/* The data of our command. NULL, or what is wrong. */
static const char *read_data(struct slack_call *call, const json_t *root, struct text channel, const struct limits *limits)
{
	const struct slack_method *method = call->method;
	struct text ts = member(root, "ts");
	uint64_t seq = seq_of(ts), thread = seq_of(member(root, "thread_ts"));
	if (method->names && !ts.s)
		return "invalid_arguments";
	if (method->names && seq == 0)
		return "message_not_found";
	const char *fault = method->says ? read_text(root, limits, &call->text) : NULL;
	if (fault)
		return fault;
	buf_append_str(&call->data, "{\"room\":");
	buf_append_json_string(&call->data, channel.s, channel.n);
	if (method->names) {
		keep(&call->ts, ts);
		buf_appendf(&call->data, ",\"seq\":%llu", (unsigned long long)seq);
	} else if (thread > 0) {
		buf_appendf(&call->data, ",\"reply_to\":%llu", (unsigned long long)thread);
	}
	if (method->says) {
		buf_append_str(&call->data, ",\"text\":");
		buf_append_json_string(&call->data, (const char *)call->text.data, call->text.len);
	}
	buf_append_byte(&call->data, '}');
	return NULL;
}

const char *slack_api_read(struct slack_call *call, struct text content_type, struct text body, const struct limits *limits)
{
	bool is_form = hook_body_kind(content_type, body) == HOOK_BODY_FORM;
	json_auto_t *root = is_form ? read_form(body) : adapter_parse(body);
	call->command = call->method->command;
	if (!json_is_object(root))
		return is_form ? "invalid_form_data" : "invalid_json";
	struct text channel = member(root, "channel");
	keep(&call->token, member(root, "token"));
	if (channel.n > 0 && channel.s[0] == '#')
		channel = (struct text){channel.s + 1, channel.n - 1};
	return channel.n == 0 ? "channel_not_found" : read_data(call, root, channel, limits);
}

/* ---- the answer ---- */

static long long seconds_of(struct text timestamp)
{
	struct tm tm = {0};
	return strptime(timestamp.s, "%Y-%m-%dT%H:%M:%S", &tm) ? (long long)timegm(&tm) : 0;
}

static const char *word_for(const char *code)
{
	static const struct {
		const char *code, *word;
	} words[] = {
		{"unauthenticated", "not_authed"},      {"invalid_token", "invalid_auth"},        {"not_found", "channel_not_found"},
		{"forbidden", "not_in_channel"},        {"rate_limited", "ratelimited"},          {"too_large", "msg_too_long"},
		{"unavailable", "service_unavailable"}, {"invalid_request", "invalid_arguments"},
	};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].code, code) == 0)
			return words[i].word;
	return "internal_error";
}

static const char *text_of(const json_t *data, const char *name)
{
	const char *value = json_string_value(json_object_get(data, name));
	return value ? value : "";
}

/* The word for a refusal; NULL: it is none. */
static const char *refusal_of(const struct slack_call *call, const json_t *data)
{
	const char *code = text_of(data, "code");
	bool is_of_message = strcmp(text_of(data, "field"), "seq") == 0;
	if (is_of_message && strcmp(code, "forbidden") == 0)
		return call->method->forbidden;
	if (is_of_message || (call->method->command == CMD_MESSAGE_DELETE && json_is_true(json_object_get(data, "duplicate"))))
		return "message_not_found";
	return json_object_get(data, "timestamp") ? NULL : word_for(code);
}

void slack_api_refusal(const char *word, struct buf *out)
{
	buf_appendf(out, "{\"ok\":false,\"error\":\"%s\"}", word);
}

void slack_api_reply(const struct slack_call *call, struct text reply, struct buf *out)
{
	json_auto_t *root = json_loadb(reply.s, reply.n, 0, NULL);
	const json_t *data = json_object_get(root, "data");
	const char *refusal = refusal_of(call, data);
	char ts[SECONDS_CHARS];
	if (refusal) {
		slack_api_refusal(refusal, out);
		return;
	}
	buf_appendf(out, "{\"ok\":true,\"channel\":\"%s\",\"ts\":", text_of(data, "room"));
	if (!call->method->names) {
		snprintf(ts, sizeof ts, "%lld.%06llu", seconds_of(member(data, "timestamp")),
			 (unsigned long long)json_integer_value(json_object_get(data, "seq")));
		buf_appendf(out, "\"%s\",\"message\":{\"type\":\"message\",\"ts\":\"%s\"}}", ts, ts);
		return;
	}
	buf_append_json_string(out, (const char *)call->ts.data, call->ts.len);
	if (call->method->says) {
		buf_append_str(out, ",\"text\":");
		buf_append_json_string(out, (const char *)call->text.data, call->text.len);
		buf_append_str(out, ",\"message\":{\"type\":\"message\",\"text\":");
		buf_append_json_string(out, (const char *)call->text.data, call->text.len);
		buf_append_byte(out, '}');
	}
	buf_append_byte(out, '}');
}
