/*
 * POST /hooks/<token>[/<adapter>]: a post to an incoming webhook (hook/hook_post.h). POST /hooks/answer/<token>: a later answer to what a hook asked
 * (ask/ask_later.h). The token in the address is the right to post, so no Origin is asked for. The address is not logged. Answers are plain text, because senders compare them.
 */
#include "ask/ask_later.h"
#include "base/memory.h"
#include "hook/hook_post.h"
#include "net/http/http_routes.h"

#include <string.h>

struct hook_request *http_hook_request(const struct http_request *r)
{
	struct hook_request *hook = hook_request_new();

	for (size_t i = 0; i < HOOK_FIELD_COUNT; i++) {
		const struct http_field *field = http_request_field(r, hook_field_name((enum hook_field)i), NULL);
		if (field != NULL)
			hook->fields[i] = mem_strndup(field->value.s, field->value.n);
	}
	return hook;
}

static struct session *session_of(struct conn *c)
{
	struct session_config config = {.transport = TRANSPORT_HTTP};

	if (c->session == NULL)
		c->session = session_open(c->server->chat, c, &config);
	return c->session;
}

void http_hook(struct conn *c, const struct http_request *r, struct http_text rest)
{
	size_t n_answer = strlen(HOOK_ANSWER_PATH);
	bool is_answer = rest.n > n_answer && memcmp(rest.s, HOOK_ANSWER_PATH, n_answer) == 0;
	if (is_answer)
		rest = (struct http_text){rest.s + n_answer, rest.n - n_answer};
	const char *slash = memchr(rest.s, '/', rest.n);
	size_t n_token = slash != NULL ? (size_t)(slash - rest.s) : rest.n;

	if (r->method != HTTP_POST) {
		http_exchange_refuse_text(c, 405, "method_not_allowed", "Allow: POST\r\n");
		return;
	}
	struct hook_request *hook = c->http->hook = http_hook_request(r);
	hook->is_answer = is_answer;
	hook->token = mem_strndup(rest.s, n_token);
	if (slash != NULL && n_token + 1 < rest.n)
		hook->adapter = mem_strndup(slash + 1, rest.n - n_token - 1);
	if (r->content_length > (int64_t)c->server->config.limits.frame_bytes)
		hook_admit(session_of(c), hook);
}

void http_hook_run(struct conn *c)
{
	struct http_exchange *e = c->http;
	struct hook_request *hook = e->hook;

	e->hook = NULL;
	hook->body = e->body;
	e->body = BUF_INIT;
	if (hook->is_answer)
		ask_later_take(session_of(c), hook);
	else
		hook_take(session_of(c), hook);
}
