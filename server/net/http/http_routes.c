#include "net/http/http_routes.h"

#include "net/http/http_reply.h"
#include "net/http/origin.h"

#include <string.h>

#define HOOKS_PATH "/hooks/"

static bool is_path(const struct http_request *r, const char *path)
{
	return r->path.n == strlen(path) && memcmp(r->path.s, path, r->path.n) == 0;
}

/* Serves health and metrics. Returns false when the path is another one, or when this listener does not serve them. */
static bool route_ops(struct conn *c, const struct http_request *r)
{
	static const struct {
		const char *path;
		void (*serve)(struct conn *c);
	} ops[] = {{"/healthz", http_healthz}, {"/readyz", http_readyz}, {"/metrics", http_metrics}};

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
		if (!is_path(r, ops[i].path) || (c->server->has_ops && !c->is_ops))
			continue;
		if (r->method == HTTP_POST)
			http_exchange_refuse(c, WIRE_METHOD_NOT_ALLOWED, 0, NULL, "Allow: GET, HEAD\r\n");
		else if (ops[i].serve == http_metrics && !c->is_ops && !origin_host_is_ours(c, r))
			http_foreign_host(c, r); /* a foreign page could read them */
		else
			ops[i].serve(c);
		return true;
	}
	return false;
}

static bool begins_path(const struct http_request *r, const char *with)
{
	return r->path.n > strlen(with) && memcmp(r->path.s, with, strlen(with)) == 0;
}

static bool is_hook(const struct http_request *r)
{
	return begins_path(r, HOOKS_PATH);
}

static bool is_answer(const struct http_request *r)
{
	return begins_path(r, HOOKS_PATH HOOK_ANSWER_PATH);
}

static const struct slack_method *slack_method_of(const struct http_request *r)
{
	return slack_api_method((struct text){.s = r->path.s, .n = r->path.n});
}

uint64_t http_body_max(const struct conn *c, const struct http_request *r)
{
	const struct limits *l = &c->server->config.limits;

	return !c->is_ops && is_hook(r) && !is_answer(r) ? l->hook_bytes : l->frame_bytes;
}

void http_refuse_body(struct conn *c, const struct http_request *r)
{
	if (is_hook(r) && !c->is_ops)
		http_exchange_refuse_text(c, 413, "invalid_payload", NULL);
	else if (slack_method_of(r) != NULL && !c->is_ops)
		http_slack_refuse_body(c);
	else
		http_exchange_refuse(c, WIRE_TOO_LARGE, 0, "the body is larger than the limit", NULL);
}

void http_run(struct conn *c)
{
	if (c->http->slack != NULL)
		http_slack_run(c);
	else if (c->http->hook != NULL)
		http_hook_run(c);
	else
		http_api_run(c);
}

void http_route(struct conn *c, const struct http_request *r)
{
	static const char api[] = "/api/v1/";
	size_t n_api = sizeof api - 1;

	if (route_ops(c, r))
		return;
	bool is_api = begins_path(r, api);
	const struct slack_method *slack = slack_method_of(r);
	if (c->is_ops)
		http_exchange_refuse(c, WIRE_NOT_FOUND, 0, "here are /healthz, /readyz and /metrics", NULL);
	else if (is_path(r, "/api/v1/events"))
		http_stream(c, r);
	else if (is_hook(r))
		http_hook(c, r, (struct http_text){r->path.s + strlen(HOOKS_PATH), r->path.n - strlen(HOOKS_PATH)});
	else if (slack != NULL)
		http_slack(c, r, slack);
	else if (is_api && http_document(c, r))
		return;
	else if (is_api)
		http_api(c, r, (struct http_text){r->path.s + n_api, r->path.n - n_api});
	else if (r->method == HTTP_POST)
		http_exchange_refuse(c, WIRE_METHOD_NOT_ALLOWED, 0, NULL, "Allow: GET, HEAD\r\n");
	else if (is_path(r, "/ws"))
		http_exchange_refuse(c, WIRE_INVALID_REQUEST, 426, "this is the WebSocket's address", "Upgrade: websocket\r\n");
	else if (!origin_host_is_ours(c, r))
		http_foreign_host(c, r);
	else
		http_static(c, r);
}
