/*
 * A singly linked queue: a client has a few requests under way, rarely hundreds, and replies come nearly in order.
 */
#include "client/client_requests.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void client_requests_init(struct client_requests *q)
{
	*q = (struct client_requests){.end = &q->first};
}

static void request_free(struct client_request *r)
{
	free(r->frame);
	free(r);
}

void client_requests_finish(struct client_requests *q)
{
	while (q->first != NULL) {
		struct client_request *r = q->first;
		q->first = r->next;
		request_free(r);
	}
	client_requests_init(q);
}

struct client_request *client_requests_add(struct client_requests *q, const char *type, json_t *data, parley_reply_fn *on_reply, void *arg)
{
	struct client_request *r = calloc(1, sizeof *r);
	bool repeatable = command_repeatable(command_by_type(type, strlen(type)), data);
	json_auto_t *frame =
		json_pack("{s:s, s:I, s:o}", "type", type, "ref", (json_int_t)++q->last_ref, "data", data == NULL ? json_object() : data);

	assert(r != NULL && frame != NULL);
	r->ref = q->last_ref;
	r->frame = json_dumps(frame, JSON_COMPACT);
	assert(r->frame != NULL);
	r->n = strlen(r->frame);
	r->repeatable = repeatable;
	r->on_reply = on_reply;
	r->arg = arg;
	*q->end = r;
	q->end = &r->next;
	q->n++;
	return r;
}

/* Unlinks the request that *link points at. */
static struct client_request *take(struct client_requests *q, struct client_request **link)
{
	struct client_request *r = *link;

	*link = r->next;
	if (q->end == &r->next)
		q->end = link;
	q->n--;
	if (r->sent && q->n_suspects > 0)
		q->n_suspects--;
	return r;
}

static void answer(struct client_request *r, json_t *reply)
{
	if (r->on_reply != NULL)
		r->on_reply(r->arg, reply);
	request_free(r);
}

bool client_requests_answer(struct client_requests *q, uint64_t ref, json_t *reply)
{
	for (struct client_request **link = &q->first; *link != NULL; link = &(*link)->next) {
		if ((*link)->ref == ref) {
			answer(take(q, link), reply);
			return true;
		}
	}
	return false;
}

bool client_requests_answer_oldest(struct client_requests *q, json_t *reply)
{
	struct client_request **link = &q->first;

	while (*link != NULL && !(*link)->sent)
		link = &(*link)->next;
	if (*link == NULL)
		return false;
	answer(take(q, link), reply);
	return true;
}

static void answer_error(struct client_request *r, const char *code, const char *message, bool retryable)
{
	json_auto_t *reply = json_pack("{s:s, s:I, s:{s:s, s:s, s:b}}", "type", "error", "ref", (json_int_t)r->ref, "data", "code", code,
				       "message", message, "retryable", (int)retryable);

	answer(r, reply);
}

void client_requests_lost(struct client_requests *q, const char *why, bool all)
{
	struct client_request *lost = NULL, **lost_end = &lost;

	/* Taken out first and answered afterwards: an answer may make new requests. */
	for (struct client_request **link = &q->first; *link != NULL;) {
		struct client_request *r = *link;
		if (!all && (!r->sent || r->repeatable)) {
			r->sent = false;
			link = &r->next;
			continue;
		}
		*lost_end = take(q, link);
		lost_end = &r->next;
		r->next = NULL;
	}
	while (lost != NULL) {
		struct client_request *r = lost;
		lost = r->next;
		answer_error(r, "connection_lost", why, true);
	}
}

void client_requests_closed(struct client_requests *q, const char *why)
{
	struct client_request **sent = NULL;
	size_t n_sent = 0;

	for (struct client_request **link = &q->first; *link != NULL; link = &(*link)->next) {
		if (!(*link)->sent)
			continue;
		sent = link;
		n_sent++;
	}
	if (n_sent == 1)
		answer_error(take(q, sent), "connection_closed", why, false);
	else if (n_sent > 1)
		q->n_suspects = n_sent;
}

struct client_request *client_requests_next(struct client_requests *q, const struct client_limits *limits)
{
	struct request_fault fault;

	for (struct client_request **link = &q->first; *link != NULL;) {
		struct client_request *r = *link;
		if (r->sent) {
			if (q->n_suspects > 0)
				return NULL;
			link = &r->next;
			continue;
		}
		r->sent = true;
		if (client_limits_allow(limits, r->frame, r->n, &fault))
			return r;
		answer_error(take(q, link), wire_error_code(fault.code), fault.message, wire_error_retryable(fault.code));
		link = &q->first; /* the answer may have made new requests */
	}
	return NULL;
}
