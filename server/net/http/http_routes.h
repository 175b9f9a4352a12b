/* The files that serve the paths. Each function answers, at once or later, through http_exchange.h. The request does not outlive the call. Private
 * to net/. */
#ifndef PARLEY_NET_HTTP_HTTP_ROUTES_H
#define PARLEY_NET_HTTP_HTTP_ROUTES_H

#include "net/http/http_exchange.h"

void http_route(struct conn *c, const struct http_request *r);

/* http_api.c: POST /api/v1/<type> */
void http_api(struct conn *c, const struct http_request *r, struct http_text type);
void http_api_run(struct conn *c); /* called when the body has arrived */
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
