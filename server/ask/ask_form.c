#include "ask/ask_form.h"

#include <string.h>

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._*";

static void add_bytes(struct buf *b, const char *name, const void *value, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";
	const uint8_t *bytes = value;
	if (b->len)
		buf_append_byte(b, '&');
	buf_append_str(b, name);
	buf_append_byte(b, '=');
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] && strchr(plain, bytes[i])) {
			buf_append_byte(b, bytes[i]);
		} else {
			buf_append_byte(b, '%');
			buf_append_byte(b, (uint8_t)digits[bytes[i] >> 4]);
			buf_append_byte(b, (uint8_t)digits[bytes[i] & 15]);
		}
	}
}

static void add(struct buf *b, const char *name, const char *value)
{
	add_bytes(b, name, value, strlen(value));
}

static void add_uid(struct buf *b, const char *name, const struct uid *id)
{
	char text[UID_TEXT_BYTES + 1];
	uid_format(id, text);
	add(b, name, text);
}

/* The host and port of the server's own address. */
static void add_domain(struct buf *b, const char *url)
{
	const char *host = url ? strstr(url, "://") : NULL;
	host = host ? host + 3 : "";
	add_bytes(b, "team_domain", host, strcspn(host, "/"));
}

static void add_response_url(struct buf *b, const struct ask *ask)
{
	auto_buf url = BUF_INIT;
	if (!ask->asks->base_url)
		return;
	buf_appendf(&url, "%s/hooks/answer/%s", ask->asks->base_url, ask->token);
	add_bytes(b, "response_url", url.data, url.len);
	secret_wipe(url.data, url.len);
}

void ask_form_make(struct ask *ask, int64_t now_ms)
{
	struct buf *b = &ask->body;
	auto_buf name = BUF_INIT, seconds = BUF_INIT;
	buf_append_u64(&seconds, (uint64_t)now_ms / 1000);
	add_uid(b, "token", &ask->hook.id);
	add(b, "team_id", "parley");
	add_domain(b, ask->asks->base_url);
	add_uid(b, "channel_id", &ask->at.room);
	add(b, "channel_name", ask->open.room_name);
	add_uid(b, "user_id", &ask->asker.id);
	add(b, "user_name", ask->asker.name);
	if (ask->command) {
		buf_appendf(&name, "/%s", ask->command);
		add_bytes(b, "command", name.data, name.len);
	} else {
		add(b, "trigger_word", ask->word);
		add_uid(b, "post_id", &ask->message_id);
	}
	add_bytes(b, "text", ask->text.data, ask->text.len);
	add_bytes(b, "timestamp", seconds.data, seconds.len);
	add_uid(b, "trigger_id", &ask->id);
	add_response_url(b, ask);
}
