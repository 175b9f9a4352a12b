#include "command/answer.h"

#include "chat/rate.h"
#include "chat/session.h"
#include "chat/store_watch.h"
#include "chat/user.h"
#include "codec/request_fault.h"
#include "command/rights.h"
#include "room/room.h"

#include <errno.h>

enum {
	RETRY_BUSY_MS = 1000,
	SESSIONS_RETRY_MS = 10000, /* includes sessions whose lost connection is not noticed yet */
};

struct answer answer_of(const struct call *call)
{
	return (struct answer){.chat = call->chat, .session_id = call->session->id, .ref = call->request->ref, .trail = trail_of(call)};
}

struct session *answer_session(const struct answer *a)
{
	return session_by_id(a->chat, a->session_id);
}

void answer_ok(const struct answer *a, const struct buf *data)
{
	struct session *s = answer_session(a);
	trail_answered(a, WIRE_OK);
	if (!s)
		return;
	auto_buf json = BUF_INIT;
	reply_encode_ok(&json, &a->ref, data ? data->data : (const uint8_t *)"{}", data ? data->len : 2);
	conn_append(s->follower.conn, json.data, json.len, WIRE_OK, 0);
}

/* Counts a refusal and writes it to the trail. Returns the session that gets it, or NULL. */
static struct session *refused(const struct answer *a, enum wire_error code)
{
	metric_count_error(a->chat->metrics, code);
	trail_answered(a, code);
	return answer_session(a);
}

void answer_error(const struct answer *a, enum wire_error code, const char *message, uint32_t retry_after_ms)
{
	struct session *s = refused(a, code);
	if (!s)
		return;
	auto_buf json = BUF_INIT;
	reply_encode_error(&json, &a->ref, code, message, retry_after_ms);
	conn_append(s->follower.conn, json.data, json.len, code, retry_after_ms);
}

void answer_fault(const struct answer *a, const struct request_fault *fault)
{
	struct session *s = refused(a, fault->code);
	if (!s)
		return;
	auto_buf json = BUF_INIT;
	reply_encode_fault(&json, &a->ref, fault);
	conn_append(s->follower.conn, json.data, json.len, fault->code, 0);
}

void answer_damaged(const struct answer *a, const char *message)
{
	struct session *s = refused(a, WIRE_UNAVAILABLE);
	if (!s)
		return;
	auto_buf json = BUF_INIT;
	reply_encode_final_error(&json, &a->ref, WIRE_UNAVAILABLE, message ? message : "the stored data that this needs is damaged");
	conn_append(s->follower.conn, json.data, json.len, WIRE_UNAVAILABLE, 0);
}

void answer_sign_in_refused(const struct session *s, const struct answer *a, enum wire_error error)
{
	uint32_t retry_ms = error == WIRE_RATE_LIMITED        ? s->retry_ms
			    : error == WIRE_TOO_MANY_SESSIONS ? SESSIONS_RETRY_MS
			    : wire_error_retryable(error)     ? RETRY_BUSY_MS
							      : 0;
	if (error != WIRE_UNAUTHENTICATED)
		trail_token_refused(s, error);
	if (error == WIRE_UNAVAILABLE && s->is_damaged)
		answer_damaged(a, NULL);
	else if (error == WIRE_UNAVAILABLE && s->chat->store->is_away)
		answer_away(a);
	else
		answer_error(a, error, NULL, retry_ms);
}

void answer_away(const struct answer *a)
{
	answer_error(a, WIRE_UNAVAILABLE, "the database is away; nothing was done", store_watch_retry_ms(a->chat));
}

void answer_void(const struct answer *a)
{
	answer_error(a, WIRE_UNAVAILABLE, "the server's data was set back to an earlier state; come back", RETRY_BUSY_MS);
}

void call_ok(const struct call *call, const struct buf *data)
{
	struct answer a = answer_of(call);
	answer_ok(&a, data);
}

void call_error(const struct call *call, enum wire_error code, const char *message)
{
	struct answer a = answer_of(call);
	answer_error(&a, code, message, 0);
}

void call_fault(const struct call *call, const struct request_fault *fault)
{
	struct answer a = answer_of(call);
	answer_fault(&a, fault);
}

void call_refuse(const struct call *call, const char *field, const char *message)
{
	struct request_fault fault;
	request_fault_of(&fault, WIRE_INVALID_REQUEST, field, "%s", message);
	call_fault(call, &fault);
}

void call_leave_to(struct call *call, enum command command, struct buf *data)
{
	call->instead_command = command;
	call->instead = *data;
	*data = BUF_INIT;
}

bool call_must_wait(const struct call *call, uint32_t wait_ms, const char *message)
{
	struct answer a = answer_of(call);
	if (wait_ms)
		answer_error(&a, WIRE_RATE_LIMITED, message, wait_ms);
	return wait_ms > 0;
}

bool call_all_rooms_must_wait(const struct call *call)
{
	return call_must_wait(call, rate_all_rooms(call->session), "too much is asked of all rooms of this account");
}

static void hold_reading(const struct session *s)
{
	uint64_t most = s->chat->config.limits.connection_waiting;
	if (s->follower.transport == TRANSPORT_WEBSOCKET)
		conn_hold_reading(s->follower.conn, s->n_holding > 0 || (most && s->n_waiting >= most));
}

/*
 * Counts one request of this session under way more, or less. Past the limit the session is not read from. It is not read from while a page is made for it either,
 * so that a client that does not read costs the outbox and one page, for any number of pages that it asks for.
 */
static void count_waiting(const struct wait *w, bool begins)
{
	struct session *s = answer_session(&w->answer);
	uint32_t change = begins ? 1 : UINT32_MAX; /* adds -1 */
	if (!s)
		return;
	if (!w->is_stream)
		s->n_waiting += change;
	if (w->holds_reading)
		s->n_holding += change;
	hold_reading(s);
	if (s->n_waiting == 0)
		conn_all_answered(s->follower.conn);
}

void wait_begin(struct wait *w, const struct call *call, struct room *room)
{
	w->answer = answer_of(call);
	w->user = call->user;
	w->room = room;
	w->request = *call->request;
	w->holds_reading = rights_answers_page(w->request.command);
	*call->request = (struct request){0};
	if (w->user)
		user_hold(w->user);
	if (w->room)
		room_hold(w->room);
	call->chat->n_pending++;
	count_waiting(w, true);
}

void wait_hold_reading(struct wait *w)
{
	struct session *s = answer_session(&w->answer);
	if (!s || w->holds_reading)
		return;
	w->holds_reading = true;
	s->n_holding++;
	hold_reading(s);
}

void wait_as_stream(struct wait *w)
{
	count_waiting(w, false);
	w->is_stream = true;
}

void wait_end(struct wait *w)
{
	w->answer.chat->n_pending--;
	count_waiting(w, false);
	if (w->user)
		user_release(w->user);
	if (w->room)
		room_release(w->room);
	request_finish(&w->request);
}

bool wait_is_void(const struct wait *w)
{
	bool is_void = (w->user && w->user->is_void) || (w->room && w->room->is_void);
	if (is_void)
		answer_void(&w->answer);
	return is_void;
}

bool wait_submit(struct wait *w, struct store_op *op)
{
	struct store *store = w->answer.chat->store;
	if (wait_is_void(w))
		return false;
	int refused = store->methods->submit(store, op);
	if (refused == 0)
		return true;
	if (refused == -ENOTCONN)
		answer_away(&w->answer);
	else
		answer_error(&w->answer, WIRE_UNAVAILABLE, "the store is busy", RETRY_BUSY_MS);
	return false;
}

void wait_answer_absent(const struct wait *w, int result, const char *field, const char *message)
{
	struct request_fault fault;
	if (result != -ENOENT) {
		wait_answer_failure(w, result, WIRE_NOT_FOUND, NULL);
		return;
	}
	request_fault_of(&fault, WIRE_NOT_FOUND, field, "%s", message);
	answer_fault(&w->answer, &fault);
}

void answer_rooms_full(const struct answer *a)
{
	answer_error(a, WIRE_LIMIT_REACHED, "this account is in as many rooms as this server allows", 0);
}

void wait_answer_failure(const struct wait *w, int result, enum wire_error absent, const char *message)
{
	switch (result) {
	case -ENOENT:
		answer_error(&w->answer, absent, message, 0);
		break;
	case -EEXIST:
		answer_error(&w->answer, WIRE_NAME_TAKEN, NULL, 0);
		break;
	case -EDQUOT:
		answer_rooms_full(&w->answer);
		break;
	case -EAGAIN:
		answer_error(&w->answer, WIRE_UNAVAILABLE, "the store cannot write now: its disk is full", RETRY_BUSY_MS);
		break;
	case -ENOTCONN:
		answer_away(&w->answer);
		break;
	case -EBADMSG:
		answer_damaged(&w->answer, NULL);
		break;
	case -ESTALE:
		answer_error(&w->answer, WIRE_UNAVAILABLE,
			     "the store cannot write: its files are gone, and the server has to be started again", RETRY_BUSY_MS);
		break;
	default:
		answer_error(&w->answer, WIRE_INTERNAL, NULL, RETRY_BUSY_MS);
		break;
	}
}
