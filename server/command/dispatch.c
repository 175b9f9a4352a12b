#include "command/dispatch.h"

#include "chat/rate.h"
#include "chat/user.h"
#include "command/rights.h"
#include "command/room_lookup.h"

static void (*const handlers[CMD_COUNT])(struct call *call) = {
#define X(symbol, type, ident) [symbol] = handle_##ident,
	COMMAND_TABLE(X)
#undef X
};

/* Whether the caller may; answers if not. */
static bool allowed(struct call *call)
{
	switch (rights_access(call->request->command)) {
	case ACCESS_ANYONE:
		return true;
	case ACCESS_OPERATOR:
		if (!call->session->operator_socket)
			call_error(call, WIRE_FORBIDDEN, "only over the operator's socket");
		return call->session->operator_socket;
	case ACCESS_USER:
	case ACCESS_MEMBER:
		if (!call->user)
			call_error(call, WIRE_UNAUTHENTICATED, NULL);
		return call->user != NULL;
	}
	return false;
}

static void dispatch_decoded(struct session *s, bool good, struct request *r, const struct request_fault *fault);

static void handle(struct call *call)
{
	handlers[call->request->command](call);
	auto_buf data = call->instead;
	if (data.len == 0)
		return;
	struct request r = {0};
	struct request_fault fault = {0};
	bool good = request_decode_data(call->instead_command, data.data, data.len, &call->chat->config.limits, &r, &fault);
	r.ref = call->request->ref;
	r.ref.ran = command_type(call->instead_command);
	dispatch_decoded(call->session, good, &r, &fault);
}

/* Memory knew of no membership; the store was asked. */
static void looked_up(struct wait *w, struct room *r)
{
	struct session *s = answer_session(&w->answer);
	struct member *m = r ? user_member_of(w->user, r) : NULL;
	if (!m || m->leaving) {
		room_lookup_refuse(w, r);
		return;
	}
	struct call call = {.chat = w->answer.chat, .session = s, .user = w->user, .member = m, .request = &w->request};
	if (s)
		handle(&call);
}

static void dispatch(struct session *s, struct request *r)
{
	struct call call = {.chat = s->chat, .session = s, .user = s->user, .request = r};
	if (!allowed(&call))
		return;
	if (rights_access(r->command) == ACCESS_MEMBER) {
		call.member = room_lookup_member(s->user, room_ref_of(r));
		if (!call.member) {
			room_lookup(&call, looked_up);
			return;
		}
	}
	handle(&call);
}

static void refuse(struct session *s, struct request *r, enum wire_error code, const char *message, uint32_t retry_after_ms)
{
	/* The request was not understood, so the log has nothing to say of it. */
	struct answer a = {.chat = s->chat, .session_id = s->id, .ref = r->ref};
	answer_error(&a, code, message, retry_after_ms);
}

static void dispatch_decoded(struct session *s, bool good, struct request *r, const struct request_fault *fault)
{
	struct call call = {.chat = s->chat, .session = s, .request = r};
	if (good)
		dispatch(s, r);
	else
		call_fault(&call, fault);
	request_finish(r);
}

/* Whether a frame of n bytes exceeds what may come before the sign-in is done. */
static bool too_much_unsigned(struct session *s, size_t n)
{
	uint64_t most = s->chat->config.limits.sign_in_bytes;
	if (s->user || s->operator_socket || !most)
		return false;
	uint64_t sum = s->n_unsigned_bytes + (uint64_t)n;
	bool too_much = sum > most;
	s->n_unsigned_bytes = too_much || sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
	return too_much;
}

/* Refuses what is too much or comes too fast. It is not parsed: only its reference is looked for. Whether it was refused. */
static bool refuse_unread(struct session *s, const uint8_t *bytes, size_t n)
{
	enum wire_error code = WIRE_RATE_LIMITED;
	const char *message = NULL;
	uint32_t wait_ms = rate_request(s, n);
	if (!wait_ms && too_much_unsigned(s, n)) {
		code = WIRE_TOO_LARGE;
		message = "this is more than limit sign_in_bytes allows before session.start is answered";
	} else if (!wait_ms) {
		return false;
	}
	struct request r;
	request_peek_ref(bytes, n, &r);
	refuse(s, &r, code, message, wait_ms);
	request_finish(&r);
	return true;
}

void session_frame(struct session *s, const uint8_t *bytes, size_t n)
{
	struct request r = {0};
	struct request_fault fault = {0};
	metric_add(&s->chat->metrics->requests_total, 1);
	if (refuse_unread(s, bytes, n))
		return;
	bool good = request_decode(bytes, n, &s->chat->config.limits, &r, &fault);
	dispatch_decoded(s, good, &r, &fault);
}

void dispatch_data(struct session *s, enum command command, const uint8_t *bytes, size_t n)
{
	struct request r = {0};
	struct request_fault fault = {0};
	metric_add(&s->chat->metrics->requests_total, 1);
	uint32_t wait_ms = rate_request(s, n);
	if (wait_ms) {
		refuse(s, &r, WIRE_RATE_LIMITED, NULL, wait_ms);
		return;
	}
	bool good = request_decode_data(command, bytes, n, &s->chat->config.limits, &r, &fault);
	dispatch_decoded(s, good, &r, &fault);
}
