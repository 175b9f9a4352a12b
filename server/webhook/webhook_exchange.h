/*
 * One POST and its reply, as libcurl's easy handle sees it: what is set, what is read of the reply, and which outcome an end has.
 *
 * Owned by the sender on the loop thread. While it is in flight it belongs to the sender's thread (webhook_multi.h), and `target`, `id` and `body` do not change.
 *
 * What libcurl could do and does not, because it would lead elsewhere than the check of addresses or hold a thread:
 * * redirects, proxies (also of the environment), .netrc, cookies, Alt-Svc, HSTS, compressed replies, HTTP/0.9 and schemes other than http and https;
 * * joining a thread that waits for the name server when its exchange ends (CURLOPT_QUICK_EXIT): that would hold all others for up to half a minute;
 * * reading Debian's folder of certificates beside the file: libcurl keeps a parsed file for the next connection only without a folder (ossl.c, 7.87 on), and
 *   parsing takes some 20 ms;
 * * waiting for another connection's HTTP/2 (CURLOPT_PIPEWAIT): an endpoint would wait for another one of the same host.
 * A connection is used again for the same host, port and certificates without another dial. Its address was looked at when it was dialled, and the rules do
 * not change while the server runs.
 */
#ifndef PARLEY_WEBHOOK_EXCHANGE_H
#define PARLEY_WEBHOOK_EXCHANGE_H

#include "base/list.h"
#include "webhook/webhook_address.h"
#include "webhook/webhook_curl.h"
#include "webhook/webhook_outcome.h"
#include "webhook/webhook_sign.h"

#include <stdatomic.h>

enum {
	WEBHOOK_HEAD_BYTES_MAX =
		16 *
		1024, /* read of a reply's head, interim replies included; of the body it is WEBHOOK_REPLY_BYTES_MAX, then the connection is closed */
	WEBHOOK_CONNECT_MS = 10000,
};

/* What an endpoint is; immutable while an exchange is in flight. */
struct webhook_target {
	char *url;
	char *ca; /* NULL: the system's */
	char *content_type;
	size_t reply_bytes;         /* kept of the reply's body */
	struct curl_slist *headers; /* the endpoint's own, "name: value" */
	struct webhook_secret secrets[WEBHOOK_SECRETS_MAX];
	bool host_allowed; /* with any address */
	uint32_t timeout_ms;
};

struct webhook_exchange {
	struct list link; /* the sender's idle or begun exchanges, webhook_engine's inbox and outbox, webhook_multi.running */
	const struct webhook_policy *policy;
	void *owner; /* the sender's */
	const struct webhook_target *target;
	const char *id;
	const void *body;
	size_t n_body;
	_Atomic bool is_cancelled; /* set by the loop's thread */
	CURL *easy;
	struct curl_slist *headers;
	unsigned n_dialled, n_refused; /* addresses */
	size_t n_head, n_read;         /* bytes of the reply */
	struct webhook_outcome outcome;
	char retry_after[64];
	char *reply; /* n_reply_room bytes */
	size_t n_reply_room;
};

struct webhook_exchange *webhook_exchange_new(const struct webhook_policy *policy);
void webhook_exchange_destroy(struct webhook_exchange *x); /* accepts NULL */
/* Signs with the time of now and makes x->easy ready to be started. */
void webhook_exchange_begin(struct webhook_exchange *x);
/* Fills the outcome in. `result` is libcurl's. */
void webhook_exchange_end(struct webhook_exchange *x, CURLcode result);

#endif
