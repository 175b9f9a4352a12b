#include "command/dispatch.h"

#include "chat/rate.h"
#include "command/room_lookup.h"

#include <assert.h>

enum answer_size { SHORT, PAGE }; /* PAGE: of limits.page_bytes, or of a few hundred entries */

struct command_row {
	void (*handle)(struct call *call);
	enum access access;
	enum answer_size answer;
};

static const struct command_row rows[CMD_COUNT] = {
	[CMD_SESSION_START] = {handle_session_start, ACCESS_ANYONE, SHORT},
	[CMD_SESSION_END] = {handle_session_end, ACCESS_USER, SHORT},
	[CMD_ACCOUNT_CREATE] = {handle_account_create, ACCESS_ANYONE, SHORT},
	[CMD_ACCOUNT_LOGIN] = {handle_account_login, ACCESS_ANYONE, SHORT},
	[CMD_ACCOUNT_LOGOUT] = {handle_account_logout, ACCESS_USER, SHORT},
	[CMD_BOT_CREATE] = {handle_bot_create, ACCESS_USER, SHORT},
	[CMD_ROOM_CREATE] = {handle_room_create, ACCESS_USER, SHORT},
	[CMD_ROOM_LIST] = {handle_room_list, ACCESS_USER, PAGE},
	[CMD_ROOM_GET] = {handle_room_get, ACCESS_USER, SHORT},
	[CMD_ROOM_UPDATE] = {handle_room_update, ACCESS_USER, SHORT},
	[CMD_ROOM_JOIN] = {handle_room_join, ACCESS_USER, SHORT},
	[CMD_ROOM_LEAVE] = {handle_room_leave, ACCESS_MEMBER, SHORT},
	[CMD_ROOM_MEMBERS] = {handle_room_members, ACCESS_MEMBER, PAGE},
	[CMD_MEMBER_ADD] = {handle_member_add, ACCESS_USER, SHORT},
	[CMD_MESSAGE_SEND] = {handle_message_send, ACCESS_MEMBER, SHORT},
	[CMD_HISTORY_READ] = {handle_history_read, ACCESS_MEMBER, PAGE},
	[CMD_READ_MARK] = {handle_read_mark, ACCESS_MEMBER, SHORT},
	[CMD_TYPING_SET] = {handle_typing_set, ACCESS_MEMBER, SHORT},
	[CMD_SIGNAL_SEND] = {handle_signal_send, ACCESS_MEMBER, SHORT},
	[CMD_ADMIN_OWNER] = {handle_admin_owner, ACCESS_OPERATOR, SHORT},
	[CMD_ADMIN_ACCOUNT] = {handle_admin_account, ACCESS_OPERATOR, SHORT},
	[CMD_ADMIN_BOT] = {handle_admin_bot, ACCESS_OPERATOR, SHORT},
	[CMD_ADMIN_PASSWORD] = {handle_admin_password, ACCESS_OPERATOR, SHORT},
	[CMD_ADMIN_EXPORT] = {handle_admin_export, ACCESS_OPERATOR, PAGE},
	[CMD_ADMIN_BACKUP] = {handle_admin_backup, ACCESS_OPERATOR, SHORT},
	[CMD_ADMIN_VERIFY] = {handle_admin_verify, ACCESS_OPERATOR, SHORT},
};

enum access dispatch_access(enum command command)
{
	assert(command < CMD_COUNT);
	return rows[command].access;
}

bool dispatch_answers_page(enum command command)
{
	return rows[command].answer == PAGE;
}

/* Whether the caller may; if not, that was answered. */
static bool allowed(struct call *call)
{
	switch (rows[call->request->command].access) {
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

static void dispatch(struct session *s, struct request *r)
{
	struct call call = {.chat = s->chat, .session = s, .user = s->user, .request = r};
	if (!allowed(&call))
		return;
	if (rows[r->command].access == ACCESS_MEMBER) {
		call.member = room_lookup_member(s->user, room_ref_of(r));
		if (!call.member) {
			room_lookup_refuse(&call);
			return;
		}
	}
	rows[r->command].handle(&call);
}

static void refuse(struct session *s, struct request *r, enum wire_error code, const char *message, uint32_t retry_after_ms)
{
	/* What it asks for was not understood: there is nothing to say of it in the log. */
	struct answer a = {.chat = s->chat, .session_id = s->id, .ref = reply_ref_of(r)};
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

/* Whether a frame of n bytes is more than may come before the sign-in is done. */
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

/* What is too much, or comes too fast, is not parsed: only its reference is looked for. Whether it was refused. */
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
