#include "chat/dispatch.h"

#include "chat/rate.h"
#include "chat/room_lookup.h"

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
	[CMD_ROOM_UPDATE] = {handle_room_update, ACCESS_MEMBER, SHORT},
	[CMD_ROOM_JOIN] = {handle_room_join, ACCESS_USER, SHORT},
	[CMD_ROOM_LEAVE] = {handle_room_leave, ACCESS_MEMBER, SHORT},
	[CMD_ROOM_MEMBERS] = {handle_room_members, ACCESS_MEMBER, PAGE},
	[CMD_MESSAGE_SEND] = {handle_message_send, ACCESS_MEMBER, SHORT},
	[CMD_HISTORY_READ] = {handle_history_read, ACCESS_MEMBER, PAGE},
	[CMD_READ_MARK] = {handle_read_mark, ACCESS_MEMBER, SHORT},
	[CMD_TYPING_SET] = {handle_typing_set, ACCESS_MEMBER, SHORT},
	[CMD_SIGNAL_SEND] = {handle_signal_send, ACCESS_MEMBER, SHORT},
	[CMD_ADMIN_OWNER] = {handle_admin_owner, ACCESS_OPERATOR, SHORT},
	[CMD_ADMIN_BOT] = {handle_admin_bot, ACCESS_OPERATOR, SHORT},
	[CMD_ADMIN_PASSWORD] = {handle_admin_password, ACCESS_OPERATOR, SHORT},
	[CMD_ADMIN_EXPORT] = {handle_admin_export, ACCESS_OPERATOR, PAGE},
	[CMD_ADMIN_BACKUP] = {handle_admin_backup, ACCESS_OPERATOR, SHORT},
	[CMD_ADMIN_VERIFY] = {handle_admin_verify, ACCESS_OPERATOR, SHORT},
};

enum access dispatch_access(enum command command)
{
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
	uint32_t wait_ms = rate_request(s);
	if (wait_ms) {
		struct answer a = answer_of(&call);
		answer_error(&a, WIRE_RATE_LIMITED, NULL, wait_ms);
		return;
	}
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

static void refuse(struct session *s, struct request *r, const struct request_fault *fault)
{
	struct call call = {.chat = s->chat, .session = s, .request = r};
	uint32_t wait_ms = rate_request(s); /* faults count too */
	struct answer a = answer_of(&call);
	if (wait_ms)
		answer_error(&a, WIRE_RATE_LIMITED, NULL, wait_ms);
	else
		answer_error(&a, fault->code, fault->message, 0);
}

static void dispatch_decoded(struct session *s, bool good, struct request *r, const struct request_fault *fault)
{
	metric_add(&s->chat->metrics->requests_total, 1);
	if (good)
		dispatch(s, r);
	else
		refuse(s, r, fault);
	request_finish(r);
}

void dispatch_frame(struct session *s, const uint8_t *bytes, size_t n)
{
	struct request r = {0};
	struct request_fault fault = {0};
	bool good = request_decode(bytes, n, &s->chat->config.limits, &r, &fault);
	dispatch_decoded(s, good, &r, &fault);
}

void dispatch_data(struct session *s, enum command command, const uint8_t *bytes, size_t n)
{
	struct request r = {0};
	struct request_fault fault = {0};
	bool good = request_decode_data(command, bytes, n, &s->chat->config.limits, &r, &fault);
	dispatch_decoded(s, good, &r, &fault);
}
