/*
 * A post to an incoming webhook, as the transport read it: what of its address and head matters, and its body. Owned by whoever has it; hook_take() takes it over.
 */
#ifndef PARLEY_HOOK_HOOK_REQUEST_H
#define PARLEY_HOOK_HOOK_REQUEST_H

#include "codec/buf.h"
#include "codec/request_decode.h"

#include <stdbool.h>

/* Behind "/hooks/", before the token of a question that is answered later (ask/ask_later.h). Its body is no larger than what anybody may send. */
#define HOOK_ANSWER_PATH "answer/"

/* The fields of the head that are kept. */
#define HOOK_FIELD_TABLE(X) \
	X(HOOK_CONTENT_TYPE, "content-type") \
	X(HOOK_GITHUB_EVENT, "x-github-event") \
	X(HOOK_GITLAB_EVENT, "x-gitlab-event") \
	X(HOOK_HUB_SIGNATURE, "x-hub-signature-256") \
	X(HOOK_GITLAB_TOKEN, "x-gitlab-token") \
	X(HOOK_WEBHOOK_TIMESTAMP, "webhook-timestamp") \
	X(HOOK_WEBHOOK_SIGNATURE, "webhook-signature") \
	X(HOOK_WEBHOOK_ID, "webhook-id") \
	X(HOOK_GITHUB_DELIVERY, "x-github-delivery") \
	X(HOOK_GITLAB_EVENT_UUID, "x-gitlab-event-uuid") \
	X(HOOK_IDEMPOTENCY_KEY, "idempotency-key")

enum hook_field {
#define X(symbol, name) symbol,
	HOOK_FIELD_TABLE(X)
#undef X
		HOOK_FIELD_COUNT
};

struct hook_request {
	char *token;                    /* of the address */
	bool is_answer;                 /* the token is that of a question (server/ask/) */
	char *adapter;                  /* of the address; NULL: it names none */
	char *fields[HOOK_FIELD_COUNT]; /* NULL: the head has none */
	bool is_admitted;               /* hook_admit() let its body in */
	struct buf body;
};

/* Its name, in lower case. */
const char *hook_field_name(enum hook_field field);
/* The value of a field. s NULL: the head has none. */
struct text hook_request_field(const struct hook_request *r, enum hook_field field);
struct hook_request *hook_request_new(void);
void hook_request_free(struct hook_request *r); /* accepts NULL */

#endif
