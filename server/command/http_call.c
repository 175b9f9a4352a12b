#include "command/http_call.h"

#include "chat/rate.h"
#include "chat/sign_in.h"
#include "command/dispatch.h"
#include "command/requests.h"
#include "command/rights.h"
#include "command/stream/consumer_stream.h"
#include "command/stream/stream_start.h"

#include <stdlib.h>

static void drop(struct session_call *call)
{
	struct http_call *h = (struct http_call *)(void *)call;
	for (size_t i = 0; i < h->n_rooms; i++)
		free((void *)(uintptr_t)h->rooms[i].s);
	free(h->rooms);
	free(h->cursors);
	buf_finish(&h->body);
	free(h);
}

static struct http_call *begin(struct session *s)
{
	struct http_call *h = mem_new(struct http_call);
	h->call.drop = drop;
	s->call = &h->call;
	return h;
}

static void refuse(struct session *s, enum wire_error error)
{
	struct answer a = {.chat = s->chat, .session_id = s->id};
	answer_sign_in_refused(s, &a, error);
}

static void start_of_consumer(struct session *s)
{
	struct http_call *h = http_call_of(s);
	auto_buf request = h->body;
	uint64_t up_to = h->up_to;
	h->body = BUF_INIT;
	http_call_end(s);
	consumer_stream_start(s, up_to);
	dispatch_data(s, CMD_CONSUMER_READ, request.data, request.len);
}

static void signed_in(struct session *s, enum wire_error error, void *arg)
{
	(void)arg;
	if (!s)
		return;
	if (error != WIRE_OK) {
		refuse(s, error);
		return;
	}
	conn_renew_cookie(s->follower.conn);
	trail_token_taken(s);
	const struct http_call *h = http_call_of(s);
	if (h->is_of_consumer)
		start_of_consumer(s);
	else if (s->follower.transport == TRANSPORT_STREAM)
		stream_start(s);
	else
		dispatch_data(s, h->command, h->body.data, h->body.len);
}

static void sign_in_first(struct session *s)
{
	uint32_t wait_ms = rate_request(s, http_call_of(s)->body.len);
	if (wait_ms) {
		struct answer a = {.chat = s->chat, .session_id = s->id};
		answer_error(&a, WIRE_RATE_LIMITED, NULL, wait_ms);
	} else if (s->token)
		sign_in_by_token(s, s->token, __builtin_strlen(s->token), signed_in, NULL);
	else
		refuse(s, WIRE_UNAUTHENTICATED);
}

void session_http_request(struct session *s, enum command command, const uint8_t *body, size_t n)
{
	enum access access = rights_access(command);
	if (access == ACCESS_ANYONE || access == ACCESS_OPERATOR) {
		dispatch_data(s, command, body, n);
		return;
	}
	struct http_call *h = begin(s);
	h->command = command;
	buf_append(&h->body, body, n);
	sign_in_first(s);
}

void session_stream_request(struct session *s, const struct text *rooms, size_t n_rooms, struct text last_event_id)
{
	struct http_call *h = begin(s);
	h->rooms = mem_alloc((n_rooms + 1) * sizeof(*h->rooms));
	for (h->n_rooms = 0; h->n_rooms < n_rooms; h->n_rooms++)
		h->rooms[h->n_rooms] = (struct text){mem_strndup(rooms[h->n_rooms].s, rooms[h->n_rooms].n), rooms[h->n_rooms].n};
	if (last_event_id.s)
		h->cursors = mem_strndup(last_event_id.s, last_event_id.n);
	sign_in_first(s);
}

static void append_member(struct buf *b, const char *before, struct text value)
{
	buf_append_str(b, before);
	buf_append_json_string(b, value.s, value.n);
}

/* Of what the client has, a delivery or nothing that is known. */
static uint64_t delivery_of(struct text id)
{
	uint64_t n = 0;
	for (size_t i = 0; i < id.n; i++) {
		if (id.s[i] < '0' || id.s[i] > '9' || n > EVENT_SEQ_MOST / 10)
			return 0;
		n = n * 10 + (uint64_t)(id.s[i] - '0');
	}
	return n;
}

void session_consumer_stream_request(struct session *s, const struct consumer_stream_request *request)
{
	struct http_call *h = begin(s);
	h->is_of_consumer = true;
	append_member(&h->body, "{\"consumer\":", request->consumer);
	if (request->worker.s)
		append_member(&h->body, ",\"worker\":", request->worker);
	buf_append_byte(&h->body, '}');
	h->up_to = request->acknowledges ? delivery_of(request->last_event_id) : 0;
	sign_in_first(s);
}
