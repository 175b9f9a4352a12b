/*
 * A singly linked queue. A client has a few requests under way, rarely hundreds, and replies arrive nearly in order.
 */
#include "client/client_requests.h"

#include "client/client_clock.h"

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
	r->patience_ms = q->patience_ms;
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

/* Returns whether the request is made again later, as this reply asks. */
static bool keep_for_later(struct client_request *r, const json_t *reply)
{
	int64_t now_ms = client_clock_ms();
	uint32_t after_ms;

	if (r->patience_ms == 0 || !parley_reply_retry(reply, &after_ms))
		return false;
	if (r->first_refused_ms == 0)
		r->first_refused_ms = now_ms;
	if (now_ms + after_ms - r->first_refused_ms > r->patience_ms)
		return false;
	r->not_before_ms = now_ms + after_ms;
	r->sent = false;
	return true;
}

static void reply_to(struct client_requests *q, struct client_request **link, json_t *reply, bool *kept)
{
	*kept = keep_for_later(*link, reply);
	if (!*kept)
		answer(take(q, link), reply);
}

bool client_requests_answer(struct client_requests *q, uint64_t ref, json_t *reply, bool *kept)
{
	for (struct client_request **link = &q->first; *link != NULL; link = &(*link)->next) {
		if ((*link)->ref == ref) {
			reply_to(q, link, reply, kept);
			return true;
		}
	}
	return false;
}

bool client_requests_answer_oldest(struct client_requests *q, json_t *reply, bool *kept)
{
	struct client_request **link = &q->first;

	while (*link != NULL && !(*link)->sent)
		link = &(*link)->next;
	if (*link == NULL)
		return false;
	reply_to(q, link, reply, kept);
	return true;
}

int64_t client_requests_due_ms(const struct client_requests *q)
{
	int64_t due_ms = -1;

	for (const struct client_request *r = q->first; r != NULL; r = r->next) {
		if (r->sent && q->n_suspects > 0)
			return -1; /* no other is due before its answer */
		if (!r->sent && r->not_before_ms > 0 && (due_ms < 0 || r->not_before_ms < due_ms))
			due_ms = r->not_before_ms;
	}
	return due_ms;
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

	/* The requests are taken out first and answered afterwards, because an answer may make new requests. */
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
	int64_t now_ms = client_clock_ms();
	struct request_fault fault;

	for (struct client_request **link = &q->first; *link != NULL;) {
		struct client_request *r = *link;
		if (r->sent && q->n_suspects > 0)
			return NULL;
		if (r->sent || r->not_before_ms > now_ms) {
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
