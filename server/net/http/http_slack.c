/*
 * POST /api/chat.postMessage and its like: commands of ours in the words of Slack's Web API (hook/slack_api.h). The token is in the Authorization header or in the body, never in a
 * cookie, so no Origin is asked for.
 */
#include "base/memory.h"
#include "command/requests.h"
#include "hook/slack_api.h"
#include "net/http/http_reply.h"
#include "net/http/http_routes.h"

#include <stdlib.h>
#include <string.h>

void http_slack(struct conn *c, const struct http_request *r, const struct slack_method *method)
{
	struct http_exchange *e = c->http;
	struct credentials credentials;

	if (e->method != HTTP_POST) {
		http_exchange_refuse(c, WIRE_METHOD_NOT_ALLOWED, 0, NULL, "Allow: POST\r\n");
		return;
	}
	e->slack = mem_new(struct slack_call);
	e->slack->method = method;
	e->hook = http_hook_request(r);
	credentials_read(c, r, false, &credentials);
	if (!credentials.is_cookie)
		http_exchange_sign_in_with(e, &credentials);
}

static void refuse(struct conn *c, const char *word)
{
	auto_buf body = BUF_INIT;
	struct http_reply reply = {.status = 200, .type = "application/json", .close = c->close_after_reply};

	slack_api_refusal(word, &body);
	http_reply_append(&c->out, c, &reply, body.data, body.len);
	http_exchange_ready(c);
}

void http_slack_refuse_body(struct conn *c)
{
	refuse(c, "msg_too_long");
}

void http_slack_run(struct conn *c)
{
	struct http_exchange *e = c->http;
	struct text body = {.s = e->body.data != NULL ? (const char *)e->body.data : "", .n = e->body.len};
	struct slack_call *call = e->slack;
	const char *fault = slack_api_read(call, hook_request_field(e->hook, HOOK_CONTENT_TYPE), body, &c->server->config.limits);

	if (fault != NULL) {
		refuse(c, fault);
		return;
	}
	if (e->token == NULL && call->token.len > 0)
		e->token = mem_strndup((const char *)call->token.data, call->token.len);
	struct session_config config = {.transport = TRANSPORT_HTTP, .token = e->token};
	c->session = session_open(c->server->chat, c, &config);
	session_http_request(c->session, call->command, call->data.data, call->data.len);
}
