/* The files that serve the paths. Each function answers, at once or later, through http_exchange.h. The request does not outlive the call. Private
 * to net/. */
#ifndef PARLEY_NET_HTTP_HTTP_ROUTES_H
#define PARLEY_NET_HTTP_HTTP_ROUTES_H

#include "net/http/http_exchange.h"

void http_route(struct conn *c, const struct http_request *r);
/* The body has arrived. */
void http_run(struct conn *c);
/* The largest body at this path; 0: any. */
uint64_t http_body_max(const struct conn *c, const struct http_request *r);
/* Refuses a body that is larger. */
void http_refuse_body(struct conn *c, const struct http_request *r);

/* http_api.c: POST /api/v1/<type> */
void http_api(struct conn *c, const struct http_request *r, struct http_text type);
void http_api_run(struct conn *c); /* called when the body has arrived, as the other _run */
/* http_hook.c: POST /hooks/<token>[/<adapter>]. rest: what follows /hooks/ */
void http_hook(struct conn *c, const struct http_request *r, struct http_text rest);
void http_hook_run(struct conn *c);
/* Keeps of the head what a hook needs. */
struct hook_request *http_hook_request(const struct http_request *r);
/* http_slack.c: POST /api/chat.postMessage, chat.update, chat.delete */
void http_slack(struct conn *c, const struct http_request *r, const struct slack_method *method);
void http_slack_run(struct conn *c);
void http_slack_refuse_body(struct conn *c); /* it is too large */
/* http_stream.c: GET /api/v1/events */
void http_stream(struct conn *c, const struct http_request *r);
/* http_ops.c */
void http_healthz(struct conn *c);
void http_readyz(struct conn *c);
void http_metrics(struct conn *c);
/* http_static.c: the page */
void http_static(struct conn *c, const struct http_request *r);
/* GET /api/v1/schema and what lies beside it. False: there is no document at this path. */
bool http_document(struct conn *c, const struct http_request *r);
/* The answer to a request by a name that is not known to be ours. It tells the operator what to set. */
void http_foreign_host(struct conn *c, const struct http_request *r);

#endif
